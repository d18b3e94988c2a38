// The details of the cell at hand. Ctrl+Enter, the button or a click on a figure opens them; Esc closes them and
// leads back to the cell. While they are open they follow the focus. Without scripts the same stands on pages.
const panel = document.getElementById("details");
const SOON = 120; // ms: who runs through cells with the arrows asks for the last one only

if (panel) {
  let cell = null; // where Esc leads back to
  let waiting = null;
  let asked = null;

  const address = (number) => new URL(`../${number}/?part=${panel.dataset.part}`, new URL(panel.dataset.cells, location.href));

  const load = async (number) => {
    asked?.abort();
    asked = new AbortController();
    panel.dataset.number = number;
    panel.setAttribute("aria-busy", "true");
    let html = "";
    try {
      const answer = await fetch(address(number), { signal: asked.signal });
      if (answer.ok && !answer.redirected) html = await answer.text();
    } catch (error) {
      if (error.name === "AbortError") return;
    }
    panel.removeAttribute("aria-busy");
    if (html) {
      panel.innerHTML = html;
      for (const button of panel.querySelectorAll("[data-closes]")) button.hidden = false;
    } else {
      panel.innerHTML = '<p class="panel-body" tabindex="-1">暂时取不到本格详情，填写的内容不受影响，请稍后再试。</p>';
    }
  };

  const isOpen = () => !panel.hidden;

  const open = async (number) => {
    panel.hidden = false;
    document.documentElement.classList.add("shows-details");
    // Where the panel lies over the page, scroll-padding keeps it off the cell it tells of.
    const isOver = getComputedStyle(panel).position === "fixed";
    document.documentElement.classList.toggle("details-over", isOver);
    if (isOver) cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    await load(number);
    panel.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
  };

  const close = () => {
    asked?.abort();
    panel.hidden = true;
    document.documentElement.classList.remove("shows-details", "details-over");
    cell?.focus();
  };

  const follow = (number, delay = SOON) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => isOpen() && load(number), delay);
  };

  const cellAt = (target) => target.closest?.(".cell-input[data-number], a.cell-link[data-number]");

  document.addEventListener("focusin", (event) => {
    const at = cellAt(event.target);
    if (!at) return;
    cell = at;
    if (isOpen() && panel.dataset.number !== at.dataset.number) follow(at.dataset.number);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey && cellAt(event.target)) {
      event.preventDefault();
      open(cellAt(event.target).dataset.number);
    } else if (event.key === "Escape" && isOpen() && !event.defaultPrevented && !event.isComposing) {
      event.preventDefault();
      close();
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.cell-link[data-number]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      cell = link;
      open(link.dataset.number);
    } else if (event.target.closest?.("[data-closes]")) {
      close();
    }
  });

  // What was just saved belongs to its history.
  document.addEventListener("cell:saved", () => {
    if (isOpen()) follow(panel.dataset.number, 4 * SOON);
  });

  for (const button of document.querySelectorAll("[data-details]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      cell ??= document.querySelector(".cell-input[data-number], a.cell-link[data-number]");
      if (isOpen()) close();
      else if (cell) open(cell.dataset.number);
    });
  }
}
