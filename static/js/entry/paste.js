// What a spreadsheet leaves on the clipboard, cut into texts and laid on the cells. No figure is read here.
const HAN = /[\u4e00-\u9fff]/;
const NOTHING = /^(无|暂无|没有|无数据|未统计|未填|空)$/;
const TOTAL = /^(总计|合计|小计|总和)$/;
const AROUND = /^(上期|本期|同比|环比)/;

// Tab-separated values as Excel and WPS write them: quoted where a cell has tabs, line breaks or quotes in it.
export function readText(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  const source = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === "\t" || sign === "\n") {
      rows[rows.length - 1].push(cell);
      cell = "";
      if (sign === "\n") rows.push([]);
    } else cell += sign;
  }
  rows[rows.length - 1].push(cell);
  return rows;
}

// The table of text/html, merged cells spread out with blanks; null where there is none.
export function readTable(html) {
  const table = new DOMParser().parseFromString(html, "text/html").querySelector("table");
  if (!table) return null;
  const rows = [];
  [...table.rows].slice(0, 500).forEach((row, y) => {
    rows[y] ??= [];
    let x = 0;
    for (const cell of row.cells) {
      while (rows[y][x] !== undefined) x += 1;
      for (let down = 0; down < Math.min(cell.rowSpan || 1, 50); down += 1) {
        for (let right = 0; right < Math.min(cell.colSpan || 1, 200); right += 1) {
          (rows[y + down] ??= [])[x + right] = down || right ? "" : cell.textContent;
        }
      }
      x += cell.colSpan || 1;
    }
  });
  return rows.map((row) => Array.from(row, (text) => text ?? ""));
}

// Plain text is what the sheet shows, merged cells as blanks, each row as wide as the first. Text without columns, or
// with rows of different width, comes from a program (Word, a browser) that left merged cells out: its table is right.
export function readClipboard(data) {
  const text = data.getData("text/plain");
  const html = data.getData("text/html");
  const written = readText(text);
  const single = written.length === 1 && written[0].length === 1;
  const ragged = written.some((row) => row.length !== written[0].length);
  const table = html && (single || ragged) ? readTable(html) : null;
  const several = table && (table.length > 1 || table[0]?.length > 1);
  const rows = several || !text ? (table ?? [[""]]) : written;
  return rows.map((row) => row.map((each) => each.trim()));
}

const tight = (text) => text.replace(/[\s:：]/g, "").replace(/[（(][^（）()]*[）)]$/, "");
const isName = (text) => HAN.test(text) && !/[0-9０-９]/.test(text) && text.length > 1 && !NOTHING.test(text);

// layout: {rows: [[{number, label}]], names: [the unit's names]}; start: {row, column}.
// Returns {entries: [{number, text}], cutColumns, cutRows, otherUnits, way} or {problem} or null for nothing.
export function lay(block, given, start) {
  const layout = { ...given, names: given.names.map(tight) };
  const filled = block.filter((row) => row.some((text) => text !== ""));
  if (filled.length === 0) return null;
  return byNumbers(filled, layout) ?? byLabels(filled, layout) ?? byPlace(filled, layout, start);
}

const ownRow = (candidates, stubs, names) => {
  const own = candidates.find((row) => stubs(row).some((text) => names.includes(tight(text))));
  if (own) return own;
  const nameless = candidates.filter((row) => !stubs(row).some(isName));
  if (nameless.length === 1) return nameless[0];
  return candidates.filter((row) => stubs(row).some((text) => TOTAL.test(tight(text))))[0];
};

// A whole sheet: under each row of column numbers stands a row of figures.
function byNumbers(block, layout) {
  const numbers = layout.rows.flat().map(({ number }) => number);
  const heads = [];
  block.forEach((row, y) => {
    const at = new Map();
    row.forEach((text, x) => {
      if (/^[0-9]+$/.test(text) && numbers.includes(Number(text))) at.set(x, Number(text));
    });
    const found = [...at.values()];
    const runs = found.every((number, index) => index === 0 || number === found[index - 1] + 1);
    const stub = row.find((text) => text !== "") ?? "";
    const headed = ["甲", "序号", "栏次", "列号", "编号"].includes(stub) || (y > 0 && block[y - 1].filter((text) => HAN.test(text)).length > 1);
    if (found.length >= Math.min(3, numbers.length) && runs && headed && row.filter((text) => text !== "").length <= found.length + 1) heads.push({ y, at });
  });
  if (heads.length === 0) return null;
  return underHeads(block, heads, layout, "按列号对应");
}

// A sheet without its row of numbers: columns by the texts of the header.
function byLabels(block, layout) {
  const all = layout.rows.flat();
  const heads = [];
  let from = 0; // 其中：女性人数 may stand for several columns: they come in order
  const depth = block.findIndex((row) => row.some((text) => /^[-0-9０-９.,，]+$/.test(text)));
  const headed = depth < 0 ? block : block.slice(0, depth);
  if (headed.length === 0) return null;
  const width = Math.max(...block.map((row) => row.length));
  const at = new Map();
  for (let x = 0; x < width; x += 1) {
    const texts = headed.map((row) => tight(row[x] ?? "")).filter(Boolean);
    const index = all.findIndex(({ label }, place) => place >= from && texts.some((text) => text === tight(label) || (text.length > 2 && tight(label) === `其中${text}`)));
    if (index < 0) continue;
    at.set(x, all[index].number);
    from = index + 1;
  }
  if (at.size < Math.min(3, all.length)) return null;
  heads.push({ y: headed.length - 1, at });
  return underHeads(block, heads, layout, "按表头对应");
}

function underHeads(block, heads, layout, way) {
  const entries = [];
  let otherUnits = 0;
  heads.forEach(({ y, at }, index) => {
    const first = Math.min(...at.keys());
    const stubs = (row) => row.slice(0, first).filter(Boolean);
    const end = heads[index + 1]?.y ?? block.length;
    const body = block.slice(y + 1, end).filter((row) => !stubs(row).some((text) => AROUND.test(text)));
    const figured = body.filter((row) => [...at.keys()].some((x) => /[0-9０-９]/.test(row[x] ?? "")));
    const row = ownRow(figured, stubs, layout.names);
    otherUnits += figured.filter((each) => each !== row && stubs(each).some(isName) && !stubs(each).some((text) => TOTAL.test(tight(text)))).length;
    if (!row) return;
    for (const [x, number] of at) if (row[x]) entries.push({ number, text: row[x] });
  });
  if (entries.length === 0) return { problem: "粘贴的表里没有找到本单位的数字，未作改动。" };
  return { entries, cutColumns: 0, cutRows: 0, otherUnits, way };
}

function byPlace(block, layout, start) {
  let rows = block;
  let otherUnits = 0;
  if (rows.every((row) => row.length > 1) && rows.some((row) => isName(row[0]))) {
    const named = rows.filter((row) => isName(row[0]));
    const own = named.filter((row) => layout.names.includes(tight(row[0])));
    otherUnits = named.filter((row) => !own.includes(row) && !TOTAL.test(tight(row[0])) && !AROUND.test(row[0])).length;
    if (own.length === 0) return { problem: `粘贴的内容是“${named[0][0]}”的，不是本单位的，未作改动。` };
    rows = own.map((row) => row.slice(1));
  }
  const inOrder = layout.rows.flat();
  const first = inOrder.findIndex(({ number }) => number === layout.rows[start.row][start.column].number);
  const list = rows.length === 1 ? rows[0] : rows.every((row) => row.length === 1) && rows.length > layout.rows.length - start.row ? rows.map((row) => row[0]) : null;
  const entries = [];
  let cutColumns = 0;
  let cutRows = 0;
  if (list) {
    while (list.length && list[list.length - 1] === "") list.pop();
    list.forEach((text, index) => {
      const target = inOrder[first + index];
      if (!target) cutColumns += 1;
      else if (text !== "") entries.push({ number: target.number, text });
    });
  } else {
    const width = Math.max(...rows.map((row) => row.length));
    rows.forEach((row, down) => {
      const line = layout.rows[start.row + down];
      if (!line) {
        cutRows += 1;
        return;
      }
      row.forEach((text, right) => {
        const target = line[start.column + right];
        if (target && text !== "") entries.push({ number: target.number, text });
      });
      cutColumns = Math.max(cutColumns, start.column + width - line.length);
    });
  }
  return { entries, cutColumns: Math.max(0, cutColumns), cutRows, otherUnits, way: rows.length > 1 && list ? "按列号依次填入" : "" };
}
