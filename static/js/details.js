// The details of the figure at hand: a clerk's cell, or a total. Ctrl+Enter, the button or a click on a figure opens
// them; Esc closes them and leads back to the figure. While they are open they follow the focus; links of theirs to
// other details open in their place. Without scripts the same stands on pages.
const panel = document.getElementById("details");
const SOON = 120; // ms: who runs through cells with the arrows asks for the last one only

if (panel) {
  let cell = null; // where Esc leads back to
  let way = []; // the details that links in them led away from
  let waiting = null;
  let asked = null;

  // Where the details of a figure stand: a link says so itself, a field by its number.
  const addressOf = (at) =>
    at.href ?? new URL(`../${at.dataset.number}/`, new URL(panel.dataset.cells, location.href)).href;

  const load = async (address) => {
    asked?.abort();
    asked = new AbortController();
    panel.dataset.address = address;
    panel.setAttribute("aria-busy", "true");
    const part = new URL(address);
    part.searchParams.set("part", panel.dataset.part ?? "1");
    let html = "";
    try {
      const answer = await fetch(part, { signal: asked.signal });
      if (answer.ok && !answer.redirected) html = await answer.text();
    } catch (error) {
      if (error.name === "AbortError") return;
    }
    panel.removeAttribute("aria-busy");
    if (html) {
      panel.innerHTML = html;
      for (const button of panel.querySelectorAll("[data-closes]")) button.hidden = false;
      for (const button of panel.querySelectorAll("[data-back]")) button.hidden = !way.length;
    } else {
      panel.innerHTML = '<p class="panel-body" tabindex="-1">暂时取不到本格详情，填写的内容不受影响，请稍后再试。</p>';
    }
  };

  const isOpen = () => !panel.hidden;

  const open = async (address) => {
    panel.hidden = false;
    document.documentElement.classList.add("shows-details");
    // Where the panel lies over the page, scroll-padding keeps it off the cell it tells of.
    const isOver = getComputedStyle(panel).position === "fixed";
    document.documentElement.classList.toggle("details-over", isOver);
    if (isOver) cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    await load(address);
    panel.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
  };

  const close = () => {
    asked?.abort();
    panel.hidden = true;
    document.documentElement.classList.remove("shows-details", "details-over");
    cell?.focus();
  };

  const follow = (address, delay = SOON) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => isOpen() && load(address), delay);
  };

  const cellAt = (target) => target.closest?.(".cell-input[data-number], a.cell-link");
  const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey;

  document.addEventListener("focusin", (event) => {
    const at = cellAt(event.target);
    if (!at) return;
    cell = at;
    if (isOpen() && panel.dataset.address !== addressOf(at)) {
      way = [];
      follow(addressOf(at));
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey && cellAt(event.target)) {
      event.preventDefault();
      open(addressOf(cellAt(event.target)));
    } else if (event.key === "Escape" && isOpen() && !event.defaultPrevented && !event.isComposing) {
      event.preventDefault();
      close();
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.cell-link, #details a.in-panel");
    if (link && isPlain(event)) {
      event.preventDefault();
      if (panel.contains(link)) {
        way.push(panel.dataset.address);
      } else {
        cell = link;
        way = [];
      }
      open(link.href);
    } else if (event.target.closest("[data-back]")) {
      open(way.pop());
    } else if (event.target.closest?.("[data-closes]")) {
      close();
    }
  });

  // What was just saved belongs to its history.
  document.addEventListener("cell:saved", () => {
    if (isOpen()) follow(panel.dataset.address, 4 * SOON);
  });

  for (const button of document.querySelectorAll("[data-details]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      cell ??= document.querySelector(".cell-input[data-number], a.cell-link");
      if (isOpen()) close();
      else if (cell) open(addressOf(cell));
    });
  }
}
