// What the page says in passing: toasts, and the state line, whose changes a screen reader hears once they rest.
import { Phase } from "./save.js";

const toastRoom = document.getElementById("toasts");
const state = document.getElementById("save-state");
const spoken = document.getElementById("save-spoken");
const QUIET = 900;

export function toast(text, { lasts = 8000, kind = "" } = {}) {
  const note = document.createElement("div");
  note.className = `toast-note ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "关闭提示");
  close.addEventListener("click", () => note.remove());
  note.append(words, close);
  toastRoom.append(note);
  while (toastRoom.children.length > 3) toastRoom.firstElementChild.remove();
  if (lasts !== Infinity) setTimeout(() => note.remove(), lasts);
  return note;
}

let waiting = null;
let last = "";

export function showState(phase, unsynced, savedAt, sentence) {
  const lines = {
    [Phase.SAVED]: savedAt ? `✓ 已保存 ${savedAt}` : "",
    [Phase.SAVING]: `保存中… ${unsynced} 项`,
    [Phase.WAITING]: `! 未同步 ${unsynced} 项${sentence ? `：${sentence}` : "，正在重试"}`,
    [Phase.SIGNED_OUT]: `! 未同步 ${unsynced} 项，请重新登录`,
    [Phase.CLOSED]: `× ${unsynced ? `未保存 ${unsynced} 项：` : ""}${sentence}`,
  };
  state.textContent = lines[phase];
  state.dataset.phase = phase;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const line = phase === Phase.SAVED ? "已保存" : lines[phase];
    if (phase === Phase.SAVING || line === last || (phase === Phase.SAVED && !savedAt)) return;
    last = line;
    spoken.textContent = line;
  }, QUIET);
}
