// At log-out nothing that was typed stays in the browser: the next person at this computer is somebody else.
for (const leaving of document.querySelectorAll("form[data-log-out]")) {
  leaving.addEventListener("submit", (event) => {
    // The entry page may ask whether to leave with entries that have not reached the server.
    if (!document.dispatchEvent(new CustomEvent("log-out", { cancelable: true }))) {
      event.preventDefault();
      return;
    }
    try {
      for (const key of Object.keys(localStorage)) if (key.startsWith("chunfeng:")) localStorage.removeItem(key);
    } catch {
      // Storage switched off: nothing was kept.
    }
  });
}
