// In a table of totals the arrows lead from figure to figure, as in a spreadsheet; Tab passes by all rows but the first.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const cell = event.target.closest?.(".form-table a.cell-link")?.closest("td");
  if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  event.preventDefault();
  let row = cell.parentElement;
  let index = cell.cellIndex;
  do {
    // Rows of units that have never reported have nothing to lead to.
    row = step[0] > 0 ? row.nextElementSibling : step[0] < 0 ? row.previousElementSibling : row;
    index += step[1];
  } while (step[0] && row && !row.cells[index]?.querySelector("a.cell-link"));
  row?.cells[index]?.querySelector("a.cell-link")?.focus();
});
