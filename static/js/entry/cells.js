// The cells of the form as the page shows them. Figures are texts here: what they are worth, the server says.
export const form = document.getElementById("entry");

const cellOf = (input) => ({
  number: Number(input.dataset.number),
  input,
  box: input.closest("td"),
  seenField: form.elements[`seen-c${input.dataset.number}`],
  // The text last handed to the queue or told by the server; what was typed before this ran is not yet handed over.
  committed: input.defaultValue,
});

export const cells = form ? [...form.querySelectorAll(".cell-input[data-number]")].map(cellOf) : [];
const byNumber = new Map(cells.map((cell) => [cell.number, cell]));
const byInput = new Map(cells.map((cell) => [cell.input, cell]));

// One row a band, as the eye sees them: arrows go by place, Tab and Enter by number.
export const rows = [];
for (const cell of cells) {
  const row = cell.box.parentElement;
  if (rows[rows.length - 1]?.element !== row) rows.push({ element: row, cells: [] });
  rows[rows.length - 1].cells.push(cell);
}

export const cellNumbered = (number) => byNumber.get(Number(number));
export const cellAt = (element) => byInput.get(element);

export const placeOf = (cell) => {
  const row = rows.findIndex((each) => each.cells.includes(cell));
  return { row, column: rows[row].cells.indexOf(cell) };
};

export const isUncommitted = (cell) => cell.input.value !== cell.committed;

export function go(cell) {
  if (!cell) return;
  cell.input.focus();
  cell.input.select();
  cell.input.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const plainly = (text) =>
  text
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[,，\s]/g, "");

// Two spellings of one figure, 6.5 and 6.50 too; the server alone reads figures.
export function isSameFigure(one, other) {
  if (one === undefined || other === undefined) return false;
  const [left, right] = [plainly(one), plainly(other)];
  return left === right || (left !== "" && right !== "" && Number(left) === Number(right));
}
