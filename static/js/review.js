// The desk by keyboard, the cells that a return names, and who else has the report open.
// Without this file everything works by links, buttons and check boxes.

const desk = document.querySelector(".desk");
const KEYS_OFF = "review-keys-off";

// Single keys, which can be turned off and stay so: a speech user's words must not decide on a report (WCAG 2.1.4).
const switches = document.querySelectorAll(".desk-keys");
let keysOn = localStorage.getItem(KEYS_OFF) === null;

function showKeys() {
  for (const one of switches) {
    one.hidden = false;
    one.setAttribute("aria-pressed", String(keysOn));
    one.textContent = `单键快捷键：${keysOn ? "开" : "关"}`;
  }
  for (const key of document.querySelectorAll(".desk kbd")) key.hidden = !keysOn;
}
for (const one of switches) {
  one.addEventListener("click", () => {
    keysOn = !keysOn;
    if (keysOn) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
    showKeys();
  });
}
for (const help of document.querySelectorAll(".desk-help")) help.hidden = false;
showKeys();

const isTyping = (target) => target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (!keysOn || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || isTyping(event.target)) return;
  if (event.repeat) return;
  const key = event.key.toLowerCase();
  if (desk) {
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return;
    event.preventDefault();
    target.click();
  } else if (key === "j" || key === "k") {
    moveInQueue(key === "j" ? 1 : -1);
    event.preventDefault();
  }
});

// The queue: J and K move the focus from link to link, Enter opens the one at hand.
function moveInQueue(step) {
  const links = [...document.querySelectorAll(".queue a.title")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
  next.focus();
}
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.(".queue tr");
  for (const other of document.querySelectorAll(".queue tr.is-at-hand")) other.classList.remove("is-at-hand");
  if (row) row.classList.add("is-at-hand");
});

if (desk) {
  const returning = desk.querySelector(".desk-return");
  const boxes = [...desk.querySelectorAll("input[data-cell]")];
  const named = desk.querySelector(".picked-cells");
  const unpicked = named?.textContent;

  const showPicked = () => {
    for (const box of boxes) box.closest("tr").classList.toggle("is-picked", box.checked);
    const picked = boxes.filter((box) => box.checked).map((box) => box.dataset.cell);
    if (named) named.textContent = picked.length ? `第 ${picked.join("、")} 列` : unpicked;
  };
  desk.addEventListener("change", showPicked);
  showPicked();

  // R opens the reason; Escape closes it and goes back to where it was opened from.
  returning.addEventListener("toggle", () => {
    if (returning.open) returning.querySelector("textarea").focus();
  });
  returning.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    returning.open = false;
    returning.querySelector("summary").focus();
  });
  if (returning.open) returning.querySelector("textarea").focus();

  // While a return is being written, a click on a row picks its cell.
  desk.addEventListener("click", (event) => {
    const row = event.target.closest(".differences tbody tr");
    if (!row) return;
    atHand(row.id);
    if (!returning.open || event.target.closest("a, input, button")) return;
    const box = row.querySelector("input[data-cell]");
    box.checked = !box.checked;
    showPicked();
  });

  // The arrows go from box to box.
  desk.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = boxes.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    boxes[Math.min(Math.max(at + step, 0), boxes.length - 1)].focus();
  });

  for (const button of desk.querySelectorAll(".desk-pick")) {
    const cells = button.dataset.cells.split(" ");
    button.hidden = !boxes.some((box) => cells.includes(box.dataset.cell));
    button.addEventListener("click", () => {
      for (const box of boxes) if (cells.includes(box.dataset.cell)) box.checked = true;
      showPicked();
      returning.open = true;
    });
  }

  // A row and the reason that speaks of it light up together.
  function atHand(id) {
    for (const one of desk.querySelectorAll(".is-at-hand")) one.classList.remove("is-at-hand");
    document.getElementById(id)?.classList.add("is-at-hand");
    for (const link of desk.querySelectorAll(`.desk-reason a[href="#${id}"]`)) {
      link.closest(".desk-reason").classList.add("is-at-hand");
    }
  }
  desk.addEventListener("focusin", (event) => {
    const row = event.target.closest(".differences tbody tr");
    if (row) atHand(row.id);
  });

  const list = desk.querySelector(".desk-queue");
  const current = list.querySelector("a[aria-current]");
  if (current) list.scrollTop = current.offsetTop - list.clientHeight / 2;

  // Say every minute that the report is open here; hear who else has it open, and whether it has been decided.
  const looking = desk.querySelector(".desk-looking");
  const say = (text) => {
    looking.hidden = !text;
    if (looking.textContent !== text) looking.textContent = text;
  };
  const timer = setInterval(async () => {
    const body = new FormData(desk.querySelector(".desk-bar form"));
    const answer = await fetch(desk.dataset.look, { method: "POST", body }).catch(() => null);
    if (!answer?.ok) return;
    const told = await answer.json();
    if (told.decided) {
      say(told.decided);
      clearInterval(timer);
    } else {
      say(told.looking.length ? `${told.looking.join("、")} 也正在查看这份报表。` : "");
    }
  }, 60000);
}

// A bulk acceptance counts down, and is done when the time is up.
for (const bulk of document.querySelectorAll(".bulk[data-seconds]")) {
  const left = bulk.querySelector(".bulk-left");
  const due = Date.now() + Number(bulk.dataset.seconds) * 1000;
  const tick = setInterval(() => {
    const seconds = Math.ceil((due - Date.now()) / 1000);
    left.textContent = seconds > 0 ? `${seconds} 秒后完成` : "正在完成";
    if (seconds > 0) return;
    clearInterval(tick);
    bulk.querySelector(".bulk-finish").submit();
  }, 250);
}

document.documentElement.dataset.ready = "";
