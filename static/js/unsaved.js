// Whoever leaves a form with words that have not been sent is asked first.
for (const form of document.querySelectorAll("form[data-unsaved]")) {
  // Also what was typed before this script had arrived.
  let changed = [...form.elements].some(
    ({ type, value, defaultValue }) => type !== "hidden" && defaultValue !== undefined && value !== defaultValue,
  );
  form.addEventListener("input", () => {
    changed = true;
  });
  form.addEventListener("submit", () => {
    changed = false;
  });
  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}
