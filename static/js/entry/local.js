// A copy of what has not reached the server, kept in this browser: it survives reload, crash and the end of a
// session. One copy a person, report and tab; another person's copy is never read. js/leave.js drops all at log-out.
const PREFIX = "chunfeng:";
const LIVE = 30_000; // ms: a younger copy of another tab is that tab's own business
const KEPT = 7 * 24 * 3600_000;

const tab = (() => {
  try {
    const known = sessionStorage.getItem("chunfeng-tab");
    const mine = known ?? Math.random().toString(36).slice(2);
    sessionStorage.setItem("chunfeng-tab", mine);
    return mine;
  } catch {
    return "only";
  }
})();

export class LocalCopy {
  constructor(person, report) {
    this.start = `${PREFIX}${person}:${report}:`;
    this.key = this.start + tab;
    this.adopted = [];
  }

  // {at, cells: {3: {text, seen, sent}}, why: {…}, line: {…}}; an empty copy is removed.
  store(copy) {
    try {
      const empty = ["cells", "why", "line"].every((kind) => Object.keys(copy[kind]).length === 0);
      if (empty) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify({ ...copy, at: Date.now() }));
    } catch {
      // Without storage the page itself still holds what was typed.
    }
  }

  // What earlier loads of this page left behind, merged, the newest last; null where there is nothing.
  find() {
    const found = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX)) continue;
        const copy = JSON.parse(localStorage.getItem(key));
        if (!(Date.now() - copy.at < KEPT)) localStorage.removeItem(key);
        else if (key === this.key || (key.startsWith(this.start) && Date.now() - copy.at > LIVE)) {
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

  // The copies that were found have been taken over or given up.
  settle() {
    try {
      for (const key of this.adopted) if (key !== this.key) localStorage.removeItem(key);
    } catch {
      // Nothing to remove then.
    }
    this.adopted = [];
  }
}
