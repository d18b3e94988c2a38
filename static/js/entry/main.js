// The entry page while its user types: cells to the queue, answers to the page. The server reads every figure.
import { cellAt, cellNumbered, cells, form, go, isSameFigure, isUncommitted, placeOf, rows } from "./cells.js";
import * as conflicts from "./conflicts.js";
import * as findings from "./findings.js";
import { History } from "./history.js";
import { isEditing, isTypedIn, listen } from "./keys.js";
import { LIVE, LocalCopy } from "./local.js";
import { signIn } from "./login.js";
import { showState, toast } from "./notes.js";
import { lay, readClipboard } from "./paste.js";
import { KINDS, Phase, Queue } from "./save.js";

const LONG = 7; // signs of a figure that fit into the narrowest column
const PAUSE = 1500; // ms without a key after which a cell is saved though nobody has left it
const REST = 1000; // ms without a key after which nobody is in the middle of a figure
const NEWS = 20_000; // ms between two questions for what colleagues did
const IDLE = 10 * 60_000; // ms after which an abandoned page asks no more, so that its session may end

const history = new History();
const data = form.dataset;
const lineFields = [...form.querySelectorAll(".sign-off input[name]:not([type=hidden])")];
const local = new LocalCopy(data.person, location.pathname);
let savedAt = data.savedAt;
let sentence = "";
let pasted = null; // {count, numbers, notes} of a paste whose answer is awaited
let pasteNote = null; // what was said of the last paste, until it is undone
let same = null; // the texts before 与上期相同
let leaving = false;
let lastKey = Date.now();
let left = null; // what an earlier load left behind, until it is taken over or given up
const underWay = { cells: new Map(), why: new Map(), line: new Map() }; // what it had sent without an answer

const known = { cells: new Map(), why: new Map(), line: new Map() };
for (const cell of cells) known.cells.set(String(cell.number), cell.seenField.value);
for (const field of lineFields) known.line.set(field.name, form.elements[`seen-${field.name}`].value);
for (const field of form.querySelectorAll("[name^=seen-why-]")) known.why.set(field.name.slice(9), field.value);

const queue = new Queue(data.save, {
  person: Number(data.person),
  asked: data.asked,
  version: data.version,
  change: Number(data.change),
  known,
  answered,
  changed,
  refused: (status, told) => {
    sentence = told;
    changed();
    const kept = queue.unsynced ? " 您填写的内容已保留在本机。" : "";
    if (queue.phase === Phase.CLOSED) toast(told + kept, { kind: "is-bad", lasts: 30_000 });
  },
  async signIn(told) {
    // What is being typed belongs into the cell, not into the box for the password.
    while (Date.now() - lastKey < REST) await new Promise((done) => setTimeout(done, 100));
    return signIn(told);
  },
});

function changed() {
  const typing = cells.filter(isUncommitted);
  const phase = queue.phase === Phase.SAVED && queue.unsynced + typing.length ? Phase.SAVING : queue.phase;
  showState(phase, queue.unsynced + typing.length, savedAt, sentence);
  const copy = queue.copy;
  for (const cell of typing) {
    const name = String(cell.number);
    copy.cells[name] = { seen: known.cells.get(name), ...copy.cells[name], text: cell.input.value };
  }
  for (const { number, yours, seen } of conflicts.all()) copy.cells[number] ??= { text: yours, seen };
  for (const kind of KINDS) copy[kind] = { ...left?.[kind], ...copy[kind] };
  local.store(copy);
  for (const cell of cells) {
    const name = String(cell.number);
    cell.box.classList.toggle("cell-saving", queue.holds("cells", name));
  }
}

// Cells

function commit(cell) {
  clearTimeout(cell.pause);
  if (!isUncommitted(cell)) {
    if (cell.wasTyped) changed(); // typed and taken back
    cell.wasTyped = false;
    catchUp(cell);
    return;
  }
  history.push([{ cell, before: cell.committed, after: cell.input.value }]);
  hand([cell]);
}

// Show what was told of a cell while its user typed there, who has left it now or taken the typing back.
function catchUp(cell) {
  const told = cell.told;
  cell.told = null;
  if (!told || queue.holds("cells", cell.number)) return;
  see(cell, told.seen);
  showText(cell, told.text);
}

// Give what stands in these cells to the queue.
function hand(changedCells) {
  for (const cell of changedCells) {
    clearTimeout(cell.pause);
    cell.wasTyped = false;
    cell.told = null;
    cell.committed = cell.input.value;
    conflicts.settle(cell.number);
    findings.forgetTheirs(cell.number);
  }
  overtake("cells", changedCells.map((cell) => cell.number));
  queue.put("cells", changedCells.map((cell) => [cell.number, cell.input.value]));
  showHistory();
}

// Several cells at once, one step to undo.
function write(entries, { step = true } = {}) {
  const real = entries.filter(({ cell, text }) => cell.committed !== text);
  if (real.length === 0) return 0;
  if (step) history.push(real.map(({ cell, text }) => ({ cell, before: cell.committed, after: text })));
  for (const { cell, text } of real) cell.input.value = text;
  hand(real.map(({ cell }) => cell));
  return real.length;
}

function showHistory() {
  form.querySelector("[data-undo]").disabled = !history.canUndo;
  form.querySelector("[data-redo]").disabled = !history.canRedo;
}

function back(entries) {
  if (!entries) return;
  pasteNote?.remove();
  write(entries, { step: false });
  go(entries[0].cell);
}

const act = {
  commit,
  // Sends only where a pause had sent what is now taken back.
  revert(cell, text) {
    cell.input.value = conflicts.theirsFor(cell.number) ?? text;
    commit(cell);
  },
  undo: () => back(history.undo()),
  redo: () => back(history.redo()),
  toReason: findings.toReason,
  // The row above this week's figures is last week's.
  fillDown(cell) {
    if (cell.input.dataset.previous === "") return toast(`第${cell.number}列没有上期数。`);
    write([{ cell, text: cell.input.dataset.previous }]);
    return cell.input.select();
  },
  fillRight(cell) {
    const { row, column } = placeOf(cell);
    const left = rows[row].cells[column - 1];
    if (!left) return toast("左边没有可以复制的单元格。");
    write([{ cell, text: left.input.value }]);
    return cell.input.select();
  },
};

listen(form, act);

function typed(event) {
  lastKey = Date.now();
  const cell = cellAt(event.target);
  if (cell) {
    clearTimeout(cell.pause);
    if (!event.isComposing) cell.pause = setTimeout(() => isUncommitted(cell) && commit(cell), PAUSE);
    cell.wasTyped = true;
    changed();
  } else if (!event.isComposing) putWords(event.target, PAUSE);
}

form.addEventListener("input", typed);
form.addEventListener("compositionend", typed);
form.addEventListener("change", (event) => putWords(event.target));

// Reasons and the sign-off line are saved while they are typed, too.
function putWords(field, delay) {
  const key = field.dataset.why ?? (field.name?.startsWith("why-") && field.name.slice(4));
  if (key) putText("why", key, field.value, delay);
  else if (lineFields.includes(field)) putText("line", field.name, field.value, delay);
}

function putText(kind, name, text, delay) {
  if (text === (known[kind].get(name) ?? "") && !queue.holds(kind, name)) return;
  overtake(kind, [name]);
  queue.put(kind, [[name, text]], delay);
}

findings.onReason((key, text) => putText("why", key, text), (key) => queue.holds("why", key));

// Enter in a reason or in the sign-off line saves it; it does not send the form.
form.addEventListener("keydown", (event) => {
  const plain = event.key === "Enter" && !event.isComposing && event.keyCode !== 229;
  if (plain && event.target.matches("input:not(.cell-input)") && !event.defaultPrevented) {
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// Answers

function answered(answer, batch) {
  showOthers(answer);
  sentence = "";
  if (answer.unchanged) return;
  savedAt = answer.saved;
  data.version = answer.version;
  if (answer.returned && data.status !== "returned") toast(answer.returned, { kind: "is-bad", lasts: Infinity });
  data.status = answer.status;
  const isOwn = ({ number }) => isSameFigure(answer.cells[number].seen, underWay.cells.get(String(number)));
  const conflicting = answer.conflicts
    .filter((conflict) => !isOwn(conflict))
    .map((conflict) => ({ ...conflict, seen: batch.cells[conflict.number].seen }));
  const disputed = new Set(conflicting.map(({ number }) => number));
  const again = answer.conflicts.filter((conflict) => isOwn(conflict) && !queue.isPending("cells", conflict.number));
  if (again.length) queue.put("cells", again.map(({ number }) => [number, cellNumbered(number).committed]));
  for (const cell of cells) {
    const told = answer.cells[cell.number];
    if (!told) continue;
    const name = String(cell.number);
    const waits = queue.isPending("cells", name) || isUncommitted(cell);
    const mine = batch && name in batch.cells;
    const conflict = disputed.has(cell.number);
    // A colleague's figure for what is still being typed: unseen, so that whatever is typed on is offered beside it.
    const isNews = !waits && !mine && isTypedIn(cell) && !isSameFigure(told.text, cell.committed);
    if (!isNews && (mine ? !(conflict && waits) : !waits)) see(cell, told.seen);
    if (conflict && mine) cell.told = null;
    else if (isUncommitted(cell) || (!waits && isTypedIn(cell))) cell.told = told;
    else if (!waits) showText(cell, told.text);
    showAround(cell, told);
  }
  for (const kind of ["why", "line"]) {
    for (const [name, text] of Object.entries(answer[kind])) {
      const waits = queue.isPending(kind, name);
      const mine = batch?.[kind][name];
      const problem = mine && answer.problems[name];
      const isOwn = problem && text === underWay[kind].get(name)?.trim();
      if (mine ? waits && problem && !isOwn : waits) continue;
      const isNew = text !== (known[kind].get(name) ?? "");
      known[kind].set(name, text);
      if (isOwn) {
        delete answer.problems[name];
        if (!waits) queue.put(kind, [[name, mine.text]]);
        continue;
      }
      const seen = form.elements[kind === "why" ? `seen-why-${name}` : `seen-${name}`];
      if (seen) seen.value = text;
      // What a colleague wrote stands in the field, or what is left there would go over it with the form.
      if (isNew && !waits) showWords(kind, name, text);
    }
  }
  findings.show(answer);
  for (const [number, { by, at, to }] of Object.entries(answer.changes)) {
    if (!disputed.has(Number(number))) toast(`第${number}列已由 ${by} 于 ${at} 改为 ${to}`);
  }
  history.forget([...disputed, ...Object.keys(answer.changes)].map(cellNumbered));
  showHistory();
  for (const problem of Object.values(answer.problems)) toast(problem, { kind: "is-bad", lasts: Infinity });
  conflicts.offer(conflicting.filter(({ number }) => !queue.isPending("cells", number)), (cell, text) => {
    if (cell.input.value !== text || text !== cell.committed) write([{ cell, text }]);
    else queue.put("cells", [[cell.number, text]]);
  });
  document.getElementById("filled").textContent = answer.counts.filled;
  if (batch?.same) rememberSame(conflicting.length);
  if (batch && pasted) tellPaste(answer);
  if (batch) document.dispatchEvent(new CustomEvent("cell:saved", { detail: { numbers: Object.keys(batch.cells) } }));
}

function see(cell, seen) {
  known.cells.set(String(cell.number), seen);
  cell.seenField.value = seen;
}

function showWords(kind, name, text) {
  const fields = kind === "line" ? [form.elements[name]] : findings.reasonBoxes(name);
  for (const field of fields) if (field && field.value.trim() !== text) field.value = text;
}

function showText(cell, text) {
  cell.committed = text;
  if (cell.input.value === text) return;
  cell.input.value = text;
  cell.input.classList.toggle("is-long", text.length > LONG);
  if (document.activeElement === cell.input && !isEditing()) cell.input.select();
}

function showAround(cell, told) {
  const previous = document.getElementById(`previous-${cell.number}`);
  if (previous.textContent !== told.previous) {
    // The report before this one was corrected, returned or withdrawn meanwhile.
    previous.textContent = told.previous;
    cell.input.dataset.previous = told.previous_seen;
    cell.input.setAttribute("aria-label", cell.input.getAttribute("aria-label").replace(/[^ ]*$/, told.previous));
  }
  const increment = document.getElementById(`increment-${cell.number}`);
  increment.textContent = `${told.fall ? "▼" : ""}${told.increment}`;
  increment.classList.toggle("fall", told.fall);
  const total = document.getElementById(`total-${cell.number}`);
  if (total) total.textContent = told.value;
}

function showOthers({ others, late, due }) {
  const line = document.getElementById("others");
  line.textContent = others.length ? `${others.join("、")} 也打开着这张表` : "";
  document.getElementById("due-left").textContent = due;
  const passed = document.getElementById("late");
  if (late && passed.hidden && !data.late) toast(late, { kind: "is-bad", lasts: 30_000 });
  passed.hidden = !late;
  passed.textContent = late;
}

// Pasting

form.addEventListener("paste", (event) => {
  const cell = cellAt(event.target);
  if (!cell || !event.clipboardData) return;
  const block = readClipboard(event.clipboardData);
  const single = block.length === 1 && block[0].length === 1;
  if (single && (isEditing() || block[0][0] === "")) return;
  event.preventDefault();
  const layout = {
    rows: rows.map((row) => row.cells.map(({ number, input }) => ({ number, label: input.dataset.label }))),
    names: JSON.parse(data.names),
  };
  const laid = lay(block, layout, placeOf(cell));
  if (!laid) return void toast("剪贴板里没有内容，未作改动。");
  if (laid.problem) return void toast(laid.problem, { kind: "is-bad" });
  const entries = laid.entries.map(({ number, text }) => ({ cell: cellNumbered(number), text }));
  const notes = [];
  if (laid.way) notes.push(laid.way);
  if (laid.cutColumns) notes.push(`超出表格的 ${laid.cutColumns} 列未粘贴`);
  if (laid.cutRows) notes.push(`超出表格的 ${laid.cutRows} 行未粘贴`);
  if (laid.otherUnits) notes.push(`其他单位的 ${laid.otherUnits} 行未粘贴`);
  commit(cell);
  if (write(entries) === 0) return void toast(`已粘贴 ${entries.length} 项，与表中相同${notes.map((note) => `；${note}`).join("")}。`);
  pasted = { numbers: entries.map((entry) => entry.cell.number), notes };
  queue.hurry();
  if (queue.phase === Phase.WAITING) toast(`已粘贴 ${entries.length} 项，联网后保存并检查。`);
  return cell.input.select();
});

function tellPaste(answer) {
  if (pasted.numbers.some((number) => queue.isPending("cells", number))) return;
  const bad = pasted.numbers.filter((number) => answer.refused[number]);
  const good = pasted.numbers.length - bad.length;
  const parts = [bad.length ? `已粘贴 ${good} 项，${bad.length} 项未识别` : `已粘贴 ${good} 项`, ...pasted.notes];
  const lines = bad.map((number) => `第${number}列“${cellNumbered(number).input.value}”：${answer.refused[number]}`);
  pasteNote = toast([parts.join("；"), ...lines].join("\n"), { kind: bad.length ? "is-bad" : "", lasts: bad.length ? 20_000 : 8000 });
  pasted = null;
}

// The tools

const zero = document.getElementById("zero");
form.querySelector("button[value=zero]").addEventListener("click", (event) => {
  event.preventDefault();
  const blank = cells.filter((cell) => cell.input.value.trim() === "");
  if (blank.length === 0) return void toast("没有未填的单元格。");
  zero.querySelector("[data-sentence]").textContent =
    `将把 ${blank.length} 个未填的单元格填为 0（第${blank.map(({ number }) => number).join("、")}列）。没有统计的请留空，不要填 0。`;
  zero.querySelector("[data-yes]").onclick = () => {
    zero.close();
    write(blank.map((cell) => ({ cell, text: "0" })));
    go(blank[0]);
  };
  return zero.showModal();
});

form.querySelector("button[value=same]")?.addEventListener("click", async (event) => {
  event.preventDefault();
  for (const cell of cells) commit(cell);
  same = cells.map((cell) => ({ cell, before: cell.committed }));
  // Over what is not stored yet it would leave no trace of it.
  if (await queue.settle()) queue.putSame(cells.map(({ number }) => number));
  else tellUnsynced();
});

function tellUnsynced() {
  const why = queue.phase === Phase.CLOSED ? `没有保存：${sentence}` : "没有同步，联网后再试。";
  toast(`还有 ${queue.unsynced} 项${why}`, { kind: "is-bad" });
}

function rememberSame(disputed) {
  if (same) history.push(same.map(({ cell, before }) => ({ cell, before, after: cell.committed })));
  same = null;
  showHistory();
  toast(disputed ? `除与他人不一致的 ${disputed} 个单元格外，已按上期填好。` : "已按上期填好，并记录为“与上期相同”。");
}

form.querySelector("[data-undo]").addEventListener("click", act.undo);
form.querySelector("[data-redo]").addEventListener("click", act.redo);
for (const opener of document.querySelectorAll("[data-opens]")) {
  opener.addEventListener("click", () => document.getElementById(opener.dataset.opens).showModal());
}
for (const closer of document.querySelectorAll("dialog [data-no]")) {
  closer.addEventListener("click", () => closer.closest("dialog").close());
}
for (const hidden of form.querySelectorAll("[data-with-scripts]")) hidden.hidden = false;
form.querySelector("button[value=save]").hidden = true; // every change is saved by itself

document.addEventListener("click", (event) => {
  const step = event.target.closest?.("[data-finding]")?.dataset.finding;
  if (step) findings.next(Number(step));
  const target = event.target.closest?.('a[href^="#c"]');
  const cell = target && cellAt(document.getElementById(target.getAttribute("href").slice(1)));
  if (!cell) return;
  event.preventDefault();
  go(cell);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "F8") return;
  event.preventDefault();
  if (!findings.next(event.shiftKey ? -1 : 1)) toast("没有待处理的问题。");
});

// Coming and going

form.addEventListener("submit", async (event) => {
  for (const cell of cells) commit(cell);
  if (leaving || (queue.unsynced === 0 && conflicts.unresolved() === 0)) {
    leaving = true;
    return;
  }
  event.preventDefault();
  if (conflicts.unresolved()) return void toast(`请先处理 ${conflicts.unresolved()} 个与他人不一致的单元格。`, { kind: "is-bad" });
  if (await queue.settle()) {
    if (conflicts.unresolved()) return;
    leaving = true;
    form.requestSubmit(event.submitter);
  } else tellUnsynced();
});

addEventListener("pageshow", () => {
  leaving = false;
});

addEventListener("beforeunload", (event) => {
  if (leaving || (queue.unsynced === 0 && conflicts.unresolved() === 0 && !cells.some(isUncommitted))) return;
  event.preventDefault();
  event.returnValue = "";
});

document.addEventListener("log-out", (event) => {
  const count = queue.unsynced + conflicts.unresolved() + cells.filter(isUncommitted).length;
  if (count && !window.confirm(`还有 ${count} 项未同步，退出后这些内容将丢失。确定退出吗？`)) event.preventDefault();
  else {
    leaving = true;
    local.drop();
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") {
    for (const cell of cells) commit(cell);
    queue.hurry();
  } else queue.ask();
});
addEventListener("focus", () => queue.ask());
setInterval(() => {
  if (document.visibilityState === "visible" && Date.now() - lastKey < IDLE) queue.ask();
}, NEWS);

// What an earlier load left behind is offered, not imposed.
const offer = document.getElementById("left-behind");

function lookBehind() {
  left = local.find();
  if (!left) return;
  for (const kind of KINDS) {
    for (const [name, { text, sent }] of Object.entries(left[kind])) {
      // It may arrive at the server after this page was drawn.
      if (sent !== undefined) underWay[kind].set(name, sent);
      const isThere = kind === "cells" ? isSameFigure(text, cellNumbered(name)?.committed) : text === (known[kind].get(name) ?? "");
      if (isThere || (kind === "cells" && !cellNumbered(name))) delete left[kind][name];
    }
  }
  drawOffer();
}

function drawOffer() {
  const entries = Object.entries(left.cells);
  const count = entries.length + Object.keys(left.why).length + Object.keys(left.line).length;
  const when = new Date(left.at).toLocaleString("zh-CN", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });
  offer.querySelector("[data-sentence]").textContent = `这台电脑上保留着您 ${when} 填写、还没有保存的 ${count} 项。`;
  offer.querySelector("[data-detail]").textContent = entries.map(([number, { text }]) => `第${number}列 ${text || "（空）"}`).join("，");
  offer.hidden = count === 0;
  if (count === 0) left = null;
}

// What is typed now is newer than what was left behind.
function overtake(kind, names) {
  if (!left) return;
  for (const name of names) delete left[kind][name];
  drawOffer();
}

offer.querySelector("[data-yes]").addEventListener("click", () => {
  const step = [];
  for (const kind of KINDS) {
    for (const [name, { text, seen, sent }] of Object.entries(left[kind])) {
      const now = known[kind].get(name) ?? "";
      // Unless it is what we had seen or sent ourselves, a colleague changed it: the server tells of both.
      if (now !== seen && now !== sent && !(kind === "cells" && isSameFigure(now, sent))) known[kind].set(name, seen);
      if (kind === "cells") {
        const cell = cellNumbered(name);
        step.push({ cell, before: cell.committed, after: text });
        cell.input.value = text;
        cell.committed = text;
      } else showWords(kind, name, text);
    }
  }
  const copy = left;
  left = null;
  history.push(step);
  for (const kind of KINDS) queue.put(kind, Object.entries(copy[kind]).map(([name, { text }]) => [name, text]));
  offer.hidden = true;
  showHistory();
});
offer.querySelector("[data-drop]").addEventListener("click", () => {
  left = null;
  offer.hidden = true;
  changed();
});
lookBehind();
// A page that broke down a moment ago is not told from one that lives.
setTimeout(() => {
  if (left) return;
  lookBehind();
  changed();
  local.settle();
}, LIVE + 1000);

for (const cell of cells) {
  cell.wasTyped = isUncommitted(cell);
  if (cell.input === document.activeElement) cell.pause = setTimeout(() => commit(cell), PAUSE);
  else commit(cell);
}
changed();
local.settle();
showHistory();
document.documentElement.dataset.ready = "";
