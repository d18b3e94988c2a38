// The keyboard of the grid, as in a spreadsheet: a cell at rest moves with the arrows and is replaced by typing;
// F2 or a double click edits it, then the arrows move the caret. Nothing is handled while an input method composes.
import { cellAt, cells, go, placeOf, rows } from "./cells.js";

const AT_REST = "rest";
const TYPING = "typing";
const EDITING = "editing";

let mode = AT_REST;
let before = ""; // the text that Esc brings back

export const isEditing = () => mode === EDITING;
export const isTypedIn = (cell) => mode !== AT_REST && document.activeElement === cell.input;

const neighbour = (cell, down, right) => {
  const { row, column } = placeOf(cell);
  if (right) return rows[row].cells[column + right];
  const target = rows[row + down]?.cells;
  return target?.[Math.min(column, target.length - 1)];
};

// Ctrl+arrow: to the end of the row, or to the first or last row.
const edge = (cell, down, right) => {
  const { row, column } = placeOf(cell);
  if (right) return right > 0 ? rows[row].cells[rows[row].cells.length - 1] : rows[row].cells[0];
  const target = rows[down > 0 ? rows.length - 1 : 0].cells;
  return target[Math.min(column, target.length - 1)];
};

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// What stands behind the grid: reasons, sign-off, explanations.
function firstAfter(element) {
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary");
  return [...all].find(
    (each) =>
      element.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING &&
      !each.disabled && each.type !== "hidden" && each.tabIndex >= 0 && each.offsetParent !== null && !cellAt(each),
  );
}

// act: {commit(cell), revert(cell, text), undo(), redo(), fillDown(cell), fillRight(cell), toReason(cell)}
export function listen(root, act) {
  const rest = (cell) => {
    mode = AT_REST;
    before = cell.input.value;
  };

  // A colleague's figure may have come in since the cell was reached.
  const begin = (cell, how) => {
    if (mode === AT_REST) before = cell.input.value;
    mode = how;
  };

  root.addEventListener("beforeinput", (event) => {
    const cell = cellAt(event.target);
    if (cell && mode === AT_REST) begin(cell, TYPING);
  });

  root.addEventListener("focusin", (event) => {
    const cell = cellAt(event.target);
    if (!cell) return;
    rest(cell);
    cell.input.select();
    document.dispatchEvent(new CustomEvent("cell:focus", { detail: { number: cell.number, input: cell.input } }));
  });

  root.addEventListener("focusout", (event) => {
    const cell = cellAt(event.target);
    if (cell) act.commit(cell);
  });

  // A click takes the cell, whole; a double click, or a click into what is being typed, sets the caret.
  root.addEventListener("mousedown", (event) => {
    const cell = cellAt(event.target);
    if (!cell) return;
    if (document.activeElement === cell.input && (event.detail > 1 || mode !== AT_REST)) {
      begin(cell, EDITING);
    } else {
      event.preventDefault();
      go(cell);
    }
  });

  root.addEventListener("input", (event) => {
    if (cellAt(event.target) && mode === AT_REST) mode = TYPING;
  });

  const move = (event, cell, target) => {
    event.preventDefault();
    act.commit(cell);
    rest(cell);
    if (target) go(target);
    else cell.input.select();
  };

  const check = root.querySelector("button[value=check]");
  let fromGrid = false;
  check?.addEventListener("blur", () => setTimeout(() => (fromGrid = false)));
  check?.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || !fromGrid) return;
    const target = event.shiftKey ? cells[cells.length - 1].input : firstAfter(cells[cells.length - 1].input);
    if (!target) return;
    event.preventDefault();
    target.focus();
  });

  root.addEventListener("keydown", (event) => {
    const cell = cellAt(event.target);
    if (!cell || event.isComposing || event.keyCode === 229) return;
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;

    if (key === "F2") {
      event.preventDefault();
      begin(cell, EDITING);
      cell.input.setSelectionRange(cell.input.value.length, cell.input.value.length);
    } else if (key === "Escape" && mode !== AT_REST) {
      event.preventDefault();
      act.revert(cell, before);
      rest(cell);
      cell.input.select();
    } else if (key === "Enter" && !control && !event.altKey) {
      const index = cells.indexOf(cell);
      move(event, cell, cells[index + (event.shiftKey ? -1 : 1)]);
    } else if (key === "Tab" && !event.shiftKey && cell === cells[cells.length - 1] && check) {
      event.preventDefault();
      check.focus();
      fromGrid = true;
    } else if (key === "ArrowDown" && event.altKey) {
      event.preventDefault();
      act.toReason(cell);
    } else if (key in ARROWS && !event.shiftKey && !event.altKey && mode !== EDITING) {
      move(event, cell, (control ? edge : neighbour)(cell, ...ARROWS[key]));
    } else if ((key === "Home" || key === "End") && !event.shiftKey && mode !== EDITING) {
      const line = control ? cells : rows[placeOf(cell).row].cells;
      move(event, cell, line[key === "Home" ? 0 : line.length - 1]);
    } else if (control && key === "d") {
      event.preventDefault();
      act.fillDown(cell);
      rest(cell);
    } else if (control && key === "r") {
      event.preventDefault();
      act.fillRight(cell);
      rest(cell);
    } else if (control && key === "z" && cell.input.value === cell.committed) {
      event.preventDefault();
      if (event.shiftKey) act.redo();
      else act.undo();
      rest(cell);
    } else if (control && key === "y") {
      event.preventDefault();
      act.redo();
      rest(cell);
    }
  });
}
