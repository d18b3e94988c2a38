// What the server found, at the cells: marks with a sign, the message and the box for a reason under the cell,
// F8 from one to the next. The list below the form comes drawn from the server.
import { cellAt, cellNumbered, cells, go } from "./cells.js";

const SIGNS = { fatal: ["×", "错误"], query: ["?", "核实"], marked: ["退", "退回时指出"], theirs: ["改", "他人刚改过"] };
const strip = document.getElementById("at-cell");
const list = document.getElementById("findings-room");
const bar = document.getElementById("findings-bar-room");

let found = JSON.parse(document.getElementById("found")?.textContent || "[]");
let theirs = new Map(); // number -> {by, at, to}
let late = null; // a list that waits until nobody types in the old one
let writeReason = () => {};
let waits = () => false;

// write(key, text); isWaiting(key): what was typed there is not stored yet.
export const onReason = (write, isWaiting) => {
  writeReason = write;
  waits = isWaiting;
};

const sign = (kind) => {
  const mark = document.createElement("i");
  mark.className = `sign sign-${kind === "marked" ? "returned" : kind} cell-mark`;
  [mark.textContent, mark.title] = SIGNS[kind];
  return mark;
};

export function mark(cell, kind) {
  cell.box.querySelector(".cell-mark")?.remove();
  cell.box.classList.remove("cell-fatal", "cell-query", "cell-marked", "cell-theirs");
  const shown = kind || (theirs.has(cell.number) ? "theirs" : "");
  if (shown) {
    cell.box.classList.add(`cell-${shown}`);
    cell.box.prepend(sign(shown));
  }
  const about = found.filter((finding) => finding.cells.includes(cell.number));
  if (kind === "fatal") cell.input.setAttribute("aria-invalid", "true");
  else cell.input.removeAttribute("aria-invalid");
  if (about.length) cell.input.setAttribute("aria-describedby", about.map(({ key }) => `finding-${key}`).join(" "));
  else cell.input.removeAttribute("aria-describedby");
}

export function show(answer) {
  found = answer.findings;
  for (const [number, change] of Object.entries(answer.changes)) theirs.set(Number(number), change);
  for (const cell of cells) mark(cell, answer.cells[cell.number]?.mark);
  bar.innerHTML = answer.html.bar;
  late = answer.html.findings;
  drawList();
  drawProblems(answer);
  document.title = document.title.replace(/^错误：/, "");
  if (answer.counts.fatal) document.title = `错误：${document.title}`;
  drawStrip();
}

// What 检查 named goes as it is mended; what is new is told below, and by the next 检查.
function drawProblems({ counts }) {
  const problems = document.getElementById("problems");
  if (!problems) return;
  const blocking = new Set(found.filter(({ blocks }) => blocks).map(({ key }) => key));
  for (const item of problems.querySelectorAll("[data-about]")) if (!blocking.has(item.dataset.about)) item.remove();
  problems.hidden = !problems.querySelector("[data-about]") && counts.filled > 0;
}

// A cell that its user has changed since shows no one else's mark.
export const forgetTheirs = (number) => theirs.delete(number);

function drawList() {
  if (late === null || list.contains(document.activeElement)) return;
  // A reason that was typed and is not stored yet stays: the answer may be older than it.
  const typed = new Map();
  for (const box of list.querySelectorAll("input[id^=why-]")) {
    if (waits(box.name.slice(4))) typed.set(box.id, box.value);
  }
  list.innerHTML = late;
  late = null;
  for (const box of list.querySelectorAll("input[id^=why-]")) {
    if (typed.has(box.id)) box.value = typed.get(box.id);
  }
}
list.addEventListener("focusout", () => setTimeout(drawList));

// Under the row of the focused cell; typing in its box goes into the list's box too.
let at = null;

export function drawStrip(cell = at) {
  if (strip.contains(document.activeElement) && cell === at) return;
  at = cell;
  const about = cell ? found.filter((each) => each.cells.includes(cell.number) && each.class !== "hint") : [];
  const change = cell && theirs.get(cell.number);
  strip.hidden = about.length === 0 && !change;
  if (strip.hidden) return;
  const lines = about.map((finding) => {
    const line = document.createElement("div");
    line.className = "at-cell-line";
    const text = document.createElement("span");
    text.textContent = finding.message;
    line.append(sign(finding.class), text);
    line.firstElementChild.classList.remove("cell-mark");
    if (finding.class === "query" && finding.cells[0] === cell.number) line.append(reasonBox(finding));
    return line;
  });
  if (change) {
    const line = document.createElement("div");
    line.textContent = `已由 ${change.by} 于 ${change.at} 改为 ${change.to}`;
    lines.push(line);
  }
  strip.replaceChildren(...lines);
  place(cell);
}

function reasonBox(finding) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const original = document.getElementById(`why-${finding.key}`);
  input.className = "form-control";
  input.maxLength = 500;
  input.placeholder = "核实说明：写明原因，至少 6 个字（Alt+↓ 到这里）";
  input.value = original?.value ?? finding.explanation;
  input.dataset.why = finding.key;
  input.setAttribute("aria-label", `核实说明：${finding.message}`);
  input.addEventListener("input", () => {
    const box = document.getElementById(`why-${finding.key}`);
    if (box) box.value = input.value;
  });
  label.append(input);
  return label;
}

// In the list and at the cell, as far as they are drawn.
export const reasonBoxes = (key) =>
  [document.getElementById(`why-${key}`), strip.querySelector("input")].filter(
    (box) => box && (box.dataset.why ?? key) === key,
  );

function place(cell) {
  const paper = cell.box.closest(".paper").getBoundingClientRect();
  const band = cell.box.closest(".form-scroll").getBoundingClientRect();
  const box = cell.box.getBoundingClientRect();
  const width = Math.min(460, paper.width - 16);
  strip.style.setProperty("width", `${width}px`);
  strip.style.setProperty("top", `${band.bottom - paper.top}px`);
  strip.style.setProperty("left", `${Math.max(8, Math.min(box.left - paper.left, paper.width - width - 8))}px`);
}

export const toReason = (cell) => {
  drawStrip(cell);
  strip.querySelector("input")?.focus();
};

strip.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" || event.key === "Escape") {
    event.preventDefault();
    const input = event.target;
    if (event.key === "Enter") writeReason(input.dataset.why, input.value);
    go(at);
  }
});

document.addEventListener("cell:focus", (event) => drawStrip(cellAt(event.detail.input)));
document.addEventListener("focusin", (event) => {
  if (!strip.contains(event.target) && !cellAt(event.target)) strip.hidden = true;
});

// 错误 and 核实 first, hints last; from the one that was reached before, otherwise from the gravest.
let lastStop = null;

export function next(step) {
  const stops = [...new Set(found.filter((each) => each.cells.length).map((each) => each.cells[0]))];
  if (stops.length === 0) return false;
  const here = cellAt(document.activeElement)?.number ?? at?.number;
  const index = here === lastStop ? stops.indexOf(here) : -1;
  const target = index < 0 ? (step > 0 ? 0 : stops.length - 1) : (index + step + stops.length) % stops.length;
  lastStop = stops[target];
  go(cellNumbered(lastStop));
  return true;
}
