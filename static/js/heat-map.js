// The heat-map: arrows move from cell to cell, Enter opens, groups fold; hover and focus say who and when.
const table = document.querySelector("[data-heat]");
const says = document.querySelector("[data-heat-says]");

if (table) {
  const cellsOf = (row) => [...row.cells].map((cell) => cell.querySelector("[aria-label]:not(button):not(.unfold)"));
  const rows = () => [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.hidden);
  const isMark = (node) => node instanceof HTMLElement && node.parentElement.tagName === "TD" && node.hasAttribute("aria-label");

  let current = null;
  const marks = table.querySelectorAll("tbody td > [aria-label]");
  for (const mark of marks) {
    mark.tabIndex = -1;
  }
  const makeCurrent = (mark) => {
    if (current) {
      current.tabIndex = -1;
    }
    current = mark;
    current.tabIndex = 0;
  };
  if (marks.length) {
    makeCurrent(marks[0]);
  }

  const say = (mark) => {
    mark.title = mark.getAttribute("aria-label");
    says.textContent = mark.title;
  };
  table.addEventListener("focusin", (event) => {
    if (isMark(event.target)) {
      makeCurrent(event.target);
      say(event.target);
    }
  });
  table.addEventListener("mouseover", (event) => {
    if (isMark(event.target)) {
      say(event.target);
    }
  });

  // From a cell in a direction to the next one that has a mark.
  const next = (mark, down, right) => {
    const listed = rows();
    let y = listed.indexOf(mark.closest("tr"));
    let x = mark.parentElement.cellIndex;
    for (;;) {
      y += down;
      x += right;
      if (y < 0 || y >= listed.length || x < 1 || x >= listed[y].cells.length) {
        return null;
      }
      const found = cellsOf(listed[y])[x];
      if (found && isMark(found)) {
        return found;
      }
    }
  };
  const ends = (mark, last) => {
    const found = cellsOf(mark.closest("tr")).filter((one) => one && isMark(one));
    return last ? found[found.length - 1] : found[0];
  };
  const moves = {
    ArrowUp: (mark) => next(mark, -1, 0),
    ArrowDown: (mark) => next(mark, 1, 0),
    ArrowLeft: (mark) => next(mark, 0, -1),
    ArrowRight: (mark) => next(mark, 0, 1),
    Home: (mark) => ends(mark, false),
    End: (mark) => ends(mark, true),
  };
  table.addEventListener("keydown", (event) => {
    if (!isMark(event.target) || !(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    event.preventDefault();
    const found = moves[event.key](event.target);
    if (found) {
      found.focus();
    }
  });

  for (const button of table.querySelectorAll("[data-folds]")) {
    button.addEventListener("click", () => {
      const folds = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!folds));
      button.textContent = folds ? "▸" : "▾";
      for (const row of button.closest("tbody").rows) {
        row.hidden = folds && !row.classList.contains("group");
      }
      if (current && current.closest("tr").hidden) {
        makeCurrent(ends(button.closest("tr").querySelector("td > [aria-label]") || marks[0], false));
      }
    });
  }
}
