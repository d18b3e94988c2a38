// 撤销 and 重做: fifty steps; a paste, 其余填 0 and 与上期相同 are one step each.
const DEPTH = 50;

export class History {
  #done = [];
  #undone = [];

  // step: [{cell, before, after}]
  push(step) {
    const real = step.filter(({ before, after }) => before !== after);
    if (real.length === 0) return;
    this.#done.push(real);
    if (this.#done.length > DEPTH) this.#done.shift();
    this.#undone = [];
  }

  // Both return the texts to put back, [{cell, text}], or null where there is nothing more.
  undo() {
    const step = this.#done.pop();
    if (!step) return null;
    this.#undone.push(step);
    return step.map(({ cell, before }) => ({ cell, text: before }));
  }

  redo() {
    const step = this.#undone.pop();
    if (!step) return null;
    this.#done.push(step);
    return step.map(({ cell, after }) => ({ cell, text: after }));
  }

  // What a colleague has changed since is not one's own to take back.
  forget(cells) {
    const without = (steps) =>
      steps.map((step) => step.filter(({ cell }) => !cells.includes(cell))).filter((step) => step.length);
    this.#done = without(this.#done);
    this.#undone = without(this.#undone);
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }
}
