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
