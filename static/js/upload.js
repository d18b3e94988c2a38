// Files are sent one after the other, each with its progress; one alone leads straight to its preview.
// Files of a batch are looked at together: the answer to the first says where the others go and where all are shown.
const form = document.getElementById("upload");
const chooser = document.getElementById("files");
const panel = document.getElementById("sending");
const list = panel.querySelector("ul");
let into = "";
const limits = { archive: Number(form.dataset.archiveLimit), file: Number(form.dataset.limit) };

function tooLarge(file) {
  const archive = file.name.toLowerCase().endsWith(".zip");
  const limit = archive ? limits.archive : limits.file;
  const shown = `${(file.size / 1048576).toFixed(1)} MB`;
  return file.size > limit ? `文件 ${shown}，超过 ${limit / 1048576} MB 的上限，没有上传。` : "";
}

function row(file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `${file.name} 上传进度`);
  const says = document.createElement("span");
  says.textContent = "等待上传";
  item.append(name, bar, says);
  list.append(item);
  return { bar, says, item };
}

function send(file, shown) {
  return new Promise((resolve) => {
    const body = new FormData(form);
    body.delete("files");
    body.append("files", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) shown.bar.value = event.loaded / event.total;
      shown.says.textContent = shown.bar.value >= 1 ? "正在识别" : "正在上传";
    });
    const failed = (text) => {
      shown.says.textContent = text;
      shown.says.className = "text-fatal";
      resolve([]);
    };
    request.addEventListener("error", () => failed("网络中断，没有上传，请重试。"));
    request.addEventListener("load", () => {
      shown.bar.value = 1;
      if (request.status === 413) return failed("文件过大，没有上传。");
      let told;
      try {
        told = JSON.parse(request.responseText);
      } catch {
        return failed("没有上传，请刷新页面后重试。");
      }
      shown.says.textContent = "";
      for (const [name, reason] of told.refused) {
        const line = document.createElement("div");
        line.className = "text-fatal";
        line.textContent = `${name}：${reason}`;
        shown.says.append(line);
      }
      for (const one of told.files) {
        const line = document.createElement("div");
        const link = document.createElement("a");
        link.href = one.url;
        link.textContent = one.name;
        const says = document.createElement("span");
        says.textContent = ` ${one.says}`;
        says.className = { refused: "text-fatal", ask: "text-query" }[one.outcome] || "";
        line.append(link, says);
        shown.says.append(line);
      }
      if (told.into) into = form.action = told.into;
      return resolve(told.files);
    });
    request.send(body);
  });
}

async function sendAll(files) {
  if (!files.length) return;
  panel.hidden = false;
  list.replaceChildren();
  const waiting = files.map((file) => [file, row(file)]);
  let received = [];
  let kept = 0;
  for (const [file, shown] of waiting) {
    const problem = tooLarge(file);
    if (problem) {
      shown.says.textContent = problem;
      shown.says.className = "text-fatal";
      kept += 1;
    } else {
      received = received.concat(await send(file, shown));
    }
  }
  chooser.value = "";
  if (into) {
    if (!kept) return location.assign(into);
    const link = document.createElement("a");
    link.href = into;
    link.textContent = "查看这批附件";
    list.append(document.createElement("li"));
    list.lastChild.append(link);
  } else if (files.length === 1 && received.length === 1) {
    location.assign(received[0].url);
  }
}

chooser.addEventListener("change", () => sendAll([...chooser.files]));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  sendAll([...chooser.files]);
});
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.add("is-over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("is-over");
  sendAll([...event.dataTransfer.files]);
});

document.documentElement.dataset.ready = "";
