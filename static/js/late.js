// A page that was opened in time says so once the due second has passed. The server decides by its own clock.
const LONGEST = 2 ** 31 - 1; // ms that a timer can wait

for (const warning of document.querySelectorAll("[data-late][hidden]")) {
  const left = Number(warning.dataset.secondsLeft) * 1000;
  if (left > 0 && left < LONGEST) {
    setTimeout(() => {
      warning.hidden = false;
    }, left);
  }
}
