// The definition of the column at hand: with scripts the panel shows only the focused cell's entry.
const definitions = document.getElementById("definitions");

if (definitions) {
  definitions.classList.add("one");
  const show = (number) => {
    for (const entry of definitions.children) {
      entry.classList.toggle("at-hand", entry.dataset.about === number);
    }
  };
  show(definitions.firstElementChild?.dataset.about);
  document.addEventListener("focusin", (event) => {
    if (event.target.dataset?.number) show(event.target.dataset.number);
  });
}

// A link of the check list leads into its cell, ready for typing.
document.addEventListener("click", (event) => {
  const target = event.target.closest?.('a[href^="#c"]');
  const cell = target && document.getElementById(target.getAttribute("href").slice(1));
  if (cell instanceof HTMLInputElement) {
    event.preventDefault();
    cell.focus();
    cell.select();
  }
});

document.documentElement.dataset.ready = "";
