// Writing a text: the counter, plain paragraphs from Word, and files sent in pieces that go on after a break.

const counted = document.querySelector("[data-counts]");
if (counted) {
  const field = document.getElementById(counted.dataset.counts);
  const shown = document.getElementById("counter");
  const shortest = Number(counted.dataset.shortest);
  const longest = Number(counted.dataset.longest || Infinity);
  const count = () => {
    const length = Array.from(field.value.replace(/\s/g, "")).length;
    shown.textContent = String(length);
    shown.parentElement.classList.toggle("off", length > longest || (length > 0 && length < shortest));
  };
  field.addEventListener("input", count);
  // Word separates paragraphs by several kinds of line ends and indents them by blanks: one line a paragraph is left.
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain");
    if (!text) return;
    event.preventDefault();
    const plain = text
      .replace(/\r\n?|\v|\f|\u2028|\u2029/g, "\n")
      .split("\n")
      .map((line) => line.replace(/[ \t\u00a0\u3000]+/g, " ").trim())
      .join("\n")
      .replace(/\n{2,}/g, "\n");
    field.setRangeText(plain, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  count();
}

const form = document.getElementById("files-form");
const chooser = document.getElementById("files");
if (form && chooser) {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const list = document.getElementById("uploads");
  document.getElementById("files-button").hidden = true;

  const post = async (url, body) => {
    const response = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token } });
    const told = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {};
    return { status: response.status, ...told };
  };
  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const address = (id, what) => form.dataset.files.replace("/0/", `/${id}/${what}/`);

  // Ask again while the network is gone or the server is busy: the answer, or null once it has been tried enough.
  const ask = async (url, body, line, name) => {
    for (let failures = 1; failures <= 20; failures += 1) {
      const answer = await post(url, body).catch(() => ({ status: 0 }));
      if (answer.status && answer.status < 500 && answer.status !== 429) return answer;
      line.text.textContent = `${name} 网络中断或服务器忙，正在重试`;
      await wait(Math.min(1000 * failures, 10000));
    }
    return null;
  };
  const GONE = "网络中断，已保留传完的部分：请再次选择同一个文件接着传。";
  const STOPPED = "上传已中止：登录已失效，或该文件已被放弃。请刷新页面后再次选择文件。";

  // Send one file and return what went wrong, "" for nothing; a piece that arrived twice is told by the server.
  const send = async (file, line) => {
    const opening = new URLSearchParams({ name: file.name, size: String(file.size) });
    const begun = await ask(form.dataset.begin, opening, line, file.name);
    if (!begun?.id) return begun ? begun.problem || STOPPED : GONE;
    let offset = begun.received;
    while (offset < file.size) {
      line.bar.value = offset;
      line.text.textContent = `${file.name} ${Math.floor((offset / file.size) * 100)}%`;
      const url = `${address(begun.id, "piece")}?offset=${offset}`;
      const answer = await ask(url, file.slice(offset, offset + begun.piece), line, file.name);
      if (answer?.received === undefined) return answer ? answer.problem || STOPPED : GONE;
      offset = answer.received;
    }
    line.bar.value = file.size;
    const done = await ask(address(begun.id, "finish"), new URLSearchParams(), line, file.name);
    return done ? (done.done ? "" : done.problem || STOPPED) : GONE;
  };

  chooser.addEventListener("change", async () => {
    let failed = false;
    for (const file of Array.from(chooser.files)) {
      const row = document.createElement("p");
      const text = document.createElement("span");
      const bar = document.createElement("progress");
      bar.max = file.size;
      bar.value = 0;
      row.append(text, bar);
      list.append(row);
      const problem = await send(file, { text, bar });
      bar.remove();
      text.textContent = problem ? problem : `${file.name} 已上传，存草稿后在这里填写说明`;
      row.classList.toggle("failed", Boolean(problem));
      failed = failed || Boolean(problem);
    }
    chooser.value = "";
    // The page shows the new files; what was typed is saved on the way. What failed is left to be read.
    if (!failed) document.querySelector("#text-form [value=save]").click();
    else list.dataset.done = "";
  });
}

document.documentElement.dataset.ready = "";
