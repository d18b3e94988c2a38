// Writing a paragraph of a brief: a number is put where the cursor stands, not at the end.

const text = document.getElementById("text");
const named = (id) => document.getElementById(id).selectedOptions[0].dataset.name;

for (const button of document.querySelectorAll("button[data-word]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const name = `〔${named("number-unit")}${named("number-indicator")}${button.dataset.word}〕`;
    text.setRangeText(name, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
}
