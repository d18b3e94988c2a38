// A colleague was quicker: both figures stand side by side until one is chosen.
import { cellNumbered, go } from "./cells.js";

const room = document.getElementById("conflicts");
const open = new Map(); // number -> {yours, theirs, by, at, seen}

export const all = () => open.values();
export const unresolved = () => open.size;

// The colleague's figure as a text for the cell; undefined where nothing is in dispute.
export const theirsFor = (number) => {
  const conflict = open.get(number);
  return conflict && asText(conflict.theirs);
};

const asText = (shown) => (shown === "—" ? "" : shown);

const button = (text, act) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm btn-outline-secondary";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
};

// choose(cell, text): what becomes of the cell.
export function offer(conflicts, choose) {
  for (const conflict of conflicts) open.set(conflict.number, conflict);
  draw(choose);
}

export function settle(number) {
  if (open.delete(number)) draw();
}

function draw(choose = draw.choose) {
  draw.choose = choose;
  room.hidden = open.size === 0;
  const list = room.querySelector("ul");
  list.replaceChildren(
    ...[...open.values()].map(({ number, yours, theirs, by, at }) => {
      const cell = cellNumbered(number);
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#c${number}`;
      link.textContent = `第${number}列`;
      const pick = (text) => () => {
        open.delete(number);
        choose(cell, text);
        draw(choose);
        go(cell);
      };
      item.append(
        link,
        ` 已由 ${by || "他人"} 于 ${at} 改为 ${theirs}，您填的是 ${yours || "（空）"}。 `,
        button(`用我的 ${yours || "（空）"}`, pick(yours)),
        " ",
        button(`用对方的 ${theirs}`, pick(asText(theirs))),
      );
      return item;
    }),
  );
  room.querySelector("strong").textContent = `${open.size} 个单元格已由他人修改，未覆盖：`;
}
