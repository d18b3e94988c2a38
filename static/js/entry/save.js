// What waits to be stored, and the one request that is under way. A batch is sent until it is answered, always the
// same: the server compares each entry with what the page had seen, so a batch that arrives twice counts once.
const SOON = 250; // ms: what is typed quickly travels together
const PATIENCE = 20_000; // ms until a request that hangs is sent again
const RETRIES = [1000, 2000, 4000, 8000, 15_000, 30_000];
const LONGEST_WAIT = 300_000; // ms: what a server asks for by Retry-After, at most
const REFUSALS = 3; // 403 that often: not the token, which a log-in elsewhere changes, but the account
// What may be over when it is tried again, as is whatever a server says of itself (500 and more).
const PASSING = new Set([0, 200, 403, 408, 413, 425, 429]);
// What is said where the answer is no sentence of ours: a proxy's, or none.
const SAYS = {
  0: "网络不通，正在重试",
  200: "回答的不是本系统，可能要先在浏览器里登录办公网络，正在重试",
  403: "服务器拒绝保存，正在重试",
  413: "内容过大，服务器没有接收；请缩短核实说明，正在重试",
  429: "保存过于频繁，服务器要求稍等，正在重试",
  500: "服务器出错，正在重试",
  503: "系统繁忙，正在重试",
};
const LOCKED_OUT = "您的账号现在不能保存这张表，权限可能已变更，或者浏览器不接受 Cookie。请刷新页面后再试，仍不行请联系审核员。";
export const KINDS = ["cells", "why", "line"];

const token = () =>
  document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ??
  document.querySelector("#entry [name=csrfmiddlewaretoken]").value;

// 保存中, 已保存, 未同步, 需要登录, 不能再改
export const Phase = Object.freeze({ SAVED: "saved", SAVING: "saving", WAITING: "waiting", SIGNED_OUT: "signed-out", CLOSED: "closed" });

export class Queue {
  // known: {cells, why, line}: what the page has seen of each, by name. Callbacks: answered(answer, batch),
  // changed() after every change of the queue, refused(status, sentence), signIn() -> Promise.
  constructor(address, { person, asked, version, change, known, answered, changed, refused, signIn }) {
    Object.assign(this, { address, person, asked, version, change, known, answered, changed, refused, signIn });
    this.pending = { cells: new Map(), why: new Map(), line: new Map() };
    this.batch = null;
    this.batches = 0; // begun so far
    this.asking = false;
    this.failures = 0;
    this.refusals = 0;
    this.phase = Phase.SAVED;
    this.timer = null;
    this.due = Infinity; // when the next batch goes, ms
    addEventListener("online", () => this.hurry());
  }

  // entries: [[name, text]]; delay: ms in which more of the same may be typed
  put(kind, entries, delay = SOON) {
    for (const [name, text] of entries) this.pending[kind].set(String(name), text);
    this.changed();
    this.#schedule(delay);
  }

  // 与上期相同: the server copies; what the page has seen says whether a colleague was quicker.
  putSame(names) {
    for (const name of names) this.pending.cells.set(String(name), "");
    this.same = true;
    this.changed();
    this.#schedule(0);
  }

  isPending(kind, name) {
    return this.pending[kind].has(String(name));
  }

  // Not yet acknowledged: waiting, or on its way.
  holds(kind, name) {
    return this.isPending(kind, name) || String(name) in (this.batch?.[kind] ?? {});
  }

  get unsynced() {
    const names = new Set();
    for (const kind of KINDS) {
      for (const name of this.pending[kind].keys()) names.add(`${kind} ${name}`);
      for (const name of Object.keys(this.batch?.[kind] ?? {})) names.add(`${kind} ${name}`);
    }
    return names.size;
  }

  // Everything that the server has not acknowledged, for the copy in the browser.
  get copy() {
    const copy = { cells: {}, why: {}, line: {} };
    for (const kind of KINDS) {
      const sent = this.batch?.same ? {} : (this.batch?.[kind] ?? {});
      for (const [name, entry] of Object.entries(sent)) copy[kind][name] = { ...entry, sent: entry.text };
      if (this.same) continue;
      for (const [name, text] of this.pending[kind]) {
        copy[kind][name] = { text, seen: this.known[kind].get(name) ?? "", sent: sent[name]?.text };
      }
    }
    return copy;
  }

  hurry() {
    if (this.phase === Phase.CLOSED || this.phase === Phase.SIGNED_OUT) return;
    if (this.batch && this.retry) {
      clearTimeout(this.retry);
      this.retry = null;
      this.#send();
    } else this.#schedule(0);
  }

  // True once everything is stored; false where that does not come about.
  async settle(patience = 8000) {
    let end = Date.now() + patience;
    this.hurry();
    while (this.unsynced && this.phase !== Phase.CLOSED && Date.now() < end) {
      await new Promise((done) => setTimeout(done, 50));
      // Whoever is asked to log in first may take the time it takes.
      if (this.phase === Phase.SIGNED_OUT) end = Date.now() + patience;
    }
    return this.unsynced === 0;
  }

  // Ask what is new, without anything to store; of a form that was closed, whether it is open again.
  async ask() {
    const isIdle = this.phase === Phase.SAVED && !this.batch;
    if (this.asking || !(isIdle || this.phase === Phase.CLOSED)) return;
    this.asking = true;
    const before = this.batches;
    try {
      const response = await this.#post({});
      if (response.ok && !response.redirected) {
        const answer = await response.json();
        // Overtaken by a save, it tells how the report stood before that.
        if (this.batches === before) this.#take(answer, null);
        if (this.phase === Phase.CLOSED) this.#reopen();
      } else if (response.status === 409) this.#close(response.status, (await response.json()).sentence);
    } catch {
      // The next save says so.
    } finally {
      this.asking = false;
    }
  }

  // The earliest moment that was asked for counts.
  #schedule(delay = Infinity) {
    clearTimeout(this.timer);
    this.due = Math.min(this.due, Date.now() + delay);
    if (this.phase === Phase.CLOSED || this.due === Infinity) return;
    this.timer = setTimeout(() => this.#next(), Math.max(0, this.due - Date.now()));
  }

  #next() {
    if (this.batch || !KINDS.some((kind) => this.pending[kind].size)) return;
    const batch = { cells: {}, why: {}, line: {} };
    if (this.same) batch.same = true;
    for (const kind of KINDS) {
      for (const [name, text] of this.pending[kind]) batch[kind][name] = { text, seen: this.known[kind].get(name) ?? "" };
      this.pending[kind].clear();
    }
    this.same = false;
    this.due = Infinity;
    this.batch = batch;
    this.batches += 1;
    clearTimeout(this.retry);
    this.retry = null;
    this.#phase(Phase.SAVING);
    this.#send();
  }

  #post(content) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    return fetch(this.address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ ...content, as: this.person, asked: this.asked, version: this.version, change: this.change }),
      signal: patience.signal,
      keepalive: document.visibilityState === "hidden",
    }).finally(() => clearTimeout(timer));
  }

  async #send() {
    let status = 0;
    let sentence = "";
    let wait = 0;
    try {
      const response = await this.#post(this.batch);
      const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
      status = response.redirected ? 401 : response.status;
      const told = isJson ? await response.json() : {};
      sentence = told.sentence ?? "";
      wait = Math.min(1000 * (Number(response.headers.get("Retry-After")) || 0), LONGEST_WAIT);
      if (status === 200 && isJson) return this.#stored(told);
    } catch {
      status = 0; // no network, cut off, or out of patience
    }
    if (status === 401) return this.#signIn(sentence);
    this.refusals = status === 403 ? this.refusals + 1 : 0;
    if (this.refusals >= REFUSALS) return this.#close(status, LOCKED_OUT);
    if (status === 413 && !this.batch.same) this.#takeBack();
    if (PASSING.has(status) || status >= 500) {
      return this.#later(status, sentence || (SAYS[status] ?? SAYS[503]), wait);
    }
    return this.#close(status, sentence || "无法保存，请刷新页面后再试；您填写的内容已保留在本机。");
  }

  #stored(answer) {
    const batch = this.batch;
    this.batch = null;
    this.failures = 0;
    this.#take(answer, batch);
    this.#phase(this.unsynced ? Phase.SAVING : Phase.SAVED);
    this.#schedule();
  }

  #take(answer, batch) {
    this.version = answer.version ?? this.version;
    this.change = answer.change ?? this.change;
    this.answered(answer, batch);
  }

  // Not taken by the server, so the batch need not be sent again as it was: what is shortened meanwhile goes instead.
  #takeBack() {
    for (const kind of KINDS) {
      for (const [name, { text }] of Object.entries(this.batch[kind])) {
        if (!this.pending[kind].has(name)) this.pending[kind].set(name, text);
      }
    }
    this.batch = null;
  }

  #later(status, sentence, wait) {
    const delay = Math.max(wait, RETRIES[Math.min(this.failures, RETRIES.length - 1)]);
    this.failures += 1;
    this.#phase(Phase.WAITING);
    this.refused(status, sentence);
    this.retry = setTimeout(() => {
      this.retry = null;
      if (this.batch) this.#send();
      else this.#next();
    }, delay * (1 + 0.4 * Math.random()));
  }

  async #signIn(sentence) {
    this.#phase(Phase.SIGNED_OUT);
    await this.signIn(sentence);
    this.#phase(Phase.SAVING);
    this.#send();
  }

  // What was typed stays on the page and in the copy, and waits in case the form is opened again.
  #close(status, sentence) {
    if (this.batch?.same) this.batch = null;
    else if (this.batch) this.#takeBack();
    if (this.phase === Phase.CLOSED && this.told === sentence) return;
    this.told = sentence;
    this.#phase(Phase.CLOSED);
    this.refused(status, sentence);
  }

  #reopen() {
    this.refusals = 0;
    this.#phase(this.unsynced ? Phase.SAVING : Phase.SAVED);
    this.#schedule(0);
  }

  #phase(phase) {
    this.phase = phase;
    this.changed();
  }
}
