// The session has ended: a log-in over the page, then the queue goes on. The ordinary log-in page does the work
// (lock-outs, second factors); what it asks beyond a password is answered in a tab of its own.
const dialog = document.getElementById("sign-in");
let isAsking = false;

async function logIn(username, password) {
  const address = dialog.dataset.address;
  const page = await fetch(address);
  if (page.redirected) return ""; // another tab has signed in
  const drawn = new DOMParser().parseFromString(await page.text(), "text/html");
  const body = new URLSearchParams({
    csrfmiddlewaretoken: drawn.querySelector("[name=csrfmiddlewaretoken]").value,
    username,
    password,
    next: dialog.dataset.next,
  });
  const answer = await fetch(address, { method: "POST", body });
  if (answer.redirected && new URL(answer.url).pathname !== new URL(address, location.href).pathname) return "";
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  return told.querySelector(".alert-danger, .alert-error")?.textContent.trim() || "没有登录成功，请点“在新标签页登录”。";
}

// Resolves once somebody has signed in; whether it is the same person, the next save says.
export function signIn(sentence) {
  const password = dialog.querySelector("[type=password]");
  const problem = dialog.querySelector("[data-problem]");
  const back = document.activeElement;
  isAsking = true;
  dialog.querySelector("[data-sentence]").textContent = sentence || "登录已超时，请重新登录；您填写的内容已保留。";
  problem.hidden = true;
  password.value = "";
  if (!dialog.open) dialog.showModal();
  password.focus();
  return new Promise((done) => {
    const finish = () => {
      // A log-in changes the token: the forms of this page, log-out among them, must go on working.
      const fresh = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1];
      if (fresh) for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh;
      isAsking = false;
      dialog.close();
      dialog.querySelector("form").removeEventListener("submit", submit);
      dialog.querySelector("[data-elsewhere-done]").removeEventListener("click", finish);
      back?.focus?.();
      done();
    };
    const submit = async (event) => {
      event.preventDefault();
      let told;
      try {
        told = await logIn(dialog.dataset.username, password.value);
      } catch {
        told = "网络不通，请稍后再试。";
      }
      if (!told) return finish();
      problem.textContent = told;
      problem.hidden = false;
      password.select();
    };
    dialog.querySelector("form").addEventListener("submit", submit);
    dialog.querySelector("[data-elsewhere-done]").addEventListener("click", finish);
  });
}

// Closed with Esc it would leave a page that saves nothing; a second Esc closes it whatever is said to the first.
dialog?.addEventListener("cancel", (event) => event.preventDefault());
dialog?.addEventListener("close", () => isAsking && dialog.showModal());
