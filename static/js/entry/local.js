// A copy of what has not reached the server, kept in this browser: it survives reload, crash and the end of a
// session. One copy a person, report and load of the page; another person's copy is never read. js/leave.js drops all
// at log-out.
const PREFIX = "chunfeng:";
export const LIVE = 30_000; // ms: a copy that was said to be alive since is some open page's own business
const SAY = 10_000; // ms between two times that a page says so
const KEPT = 7 * 24 * 3600_000;
const LEFT = "chunfeng-left"; // the copies of the pages that this tab has left

export class LocalCopy {
  #dropped = false;

  constructor(person, report) {
    this.start = `${PREFIX}${person}:${report}:`;
    this.key = this.start + Math.random().toString(36).slice(2);
    this.adopted = [];
    this.leftHere = this.#takeOver();
    addEventListener("pagehide", () => this.#handOver());
    addEventListener("pageshow", (event) => event.persisted && this.#takeOver());
    setInterval(() => this.#sayAlive(), SAY);
  }

  // A page names its copy to the tab only when it is left: a tab that the browser duplicates takes what the tab knows
  // along, while the page lives.
  #handOver() {
    try {
      if (localStorage.getItem(this.key)) sessionStorage.setItem(LEFT, JSON.stringify([...this.#left(), this.key]));
    } catch {
      // The copy is found later, by its age.
    }
  }

  #takeOver() {
    try {
      const left = this.#left();
      sessionStorage.setItem(LEFT, JSON.stringify(left.filter((key) => !key.startsWith(this.start))));
      return left;
    } catch {
      return [];
    }
  }

  #left() {
    return JSON.parse(sessionStorage.getItem(LEFT) ?? "[]");
  }

  #sayAlive() {
    try {
      const copy = localStorage.getItem(this.key);
      if (copy) localStorage.setItem(this.key, JSON.stringify({ ...JSON.parse(copy), alive: Date.now() }));
    } catch {
      // As in store.
    }
  }

  // copy: {cells: {3: {text, seen, sent}}, why: {…}, line: {…}}; an empty one is removed.
  store(copy) {
    if (this.#dropped) return;
    try {
      const empty = ["cells", "why", "line"].every((kind) => Object.keys(copy[kind]).length === 0);
      if (empty) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify({ ...copy, at: Date.now(), alive: Date.now() }));
      this.isStored = true;
    } catch {
      this.isStored = false;
      // Without storage the page itself still holds what was typed.
    }
  }

  // What earlier loads of this page left behind, merged, the newest last; null where there is nothing.
  find() {
    const found = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX) || key === this.key) continue;
        const copy = JSON.parse(localStorage.getItem(key));
        if (!(Date.now() - copy.at < KEPT)) localStorage.removeItem(key);
        else if (key.startsWith(this.start) && (this.leftHere.includes(key) || Date.now() - copy.alive > LIVE)) {
          found.push(copy);
          this.adopted.push(key);
        }
      }
    } catch {
      return null;
    }
    found.sort((one, other) => one.at - other.at);
    if (found.length === 0) return null;
    const merged = { at: found[found.length - 1].at, cells: {}, why: {}, line: {} };
    for (const copy of found) for (const kind of ["cells", "why", "line"]) Object.assign(merged[kind], copy[kind]);
    return merged;
  }

  // At log-out: js/leave.js removes what is kept, and nothing more is.
  drop() {
    this.#dropped = true;
  }

  // The copies that were found are part of this page's own since it was last stored.
  settle() {
    if (!this.isStored) return;
    try {
      for (const key of this.adopted) localStorage.removeItem(key);
    } catch {
      // Nothing to remove then.
    }
    this.adopted = [];
  }
}
