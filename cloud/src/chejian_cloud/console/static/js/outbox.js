// Answers on their way: the browser keeps them until the server has them, so that a lost connection loses none. Each tab
// keeps its own, so that two tabs of one form do not write over each other; what a closed tab left is taken over by the next one.

const RETRY = 5000; // ms after a sending that did not reach the server
const TRANSIENT = new Set([0, 408, 429, 502, 503, 504]);
const BEAT = 20_000; // ms between signs of life of a tab that keeps something
const DEAD = 180_000; // ms without one after which a tab is gone; browsers let hidden tabs run once a minute
const TAB = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // of this page; a copied tab gets its own

/** What a tab keeps under a key: {alive, entries}; nothing where nothing is kept or somebody spoilt it. */
function kept(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(found) ? { alive: 0, entries: new Map(found) } : { alive: found.alive, entries: new Map(found.entries) };
  } catch {
    return { alive: 0, entries: new Map() };
  }
}

/** Keys of what tabs keep of a form. */
function keysOf(form) {
  try {
    return Object.keys(localStorage).filter((key) => key === form || key.startsWith(`${form} tab `));
  } catch {
    return [];
  }
}

/** Whether the server has an answer as it was given. */
const same = (theirs, { given, attachments = [], measured }) => !measured && JSON.stringify([theirs.given, theirs.attachments]) === JSON.stringify([given, attachments]);

/**
 * Sends answers by item, newest only, one request at a time.
 *
 * An entry is {answer, base}: what is to be saved, and what the server said when it was typed. It gets `theirs` where somebody else
 * answered meanwhile, and `refused` with the reason where the server will never take it; both wait for the reader.
 */
export class Outbox {
  /**
   * @param key of the form; names what the browser keeps.
   * @param send (answers) => Promise of (item) => what the server has now; its error has a `status`, none where the server was not reached.
   * @param reread () => Promise of the same after a conflict; of null where nothing is to be answered any more.
   * @param changed () => void; after each change of what waits.
   * @param trouble (error) => void; what the reader has to know: it is no lost connection, and sending again would not help.
   */
  constructor(key, { send, reread, changed, trouble }) {
    this.form = `chejian outbox ${key}`;
    this.key = `${this.form} tab ${TAB}`;
    Object.assign(this, { send, reread, changed, trouble });
    this.waiting = new Map();
    this.adopt();
    this.offline = false;
    this.running = null;
    this.timer = 0;
    addEventListener('online', () => this.flush());
    addEventListener('pagehide', () => this.store(0)); // another tab may take it over
    addEventListener('pageshow', (event) => event.persisted && this.back());
    setInterval(() => this.store(), BEAT);
  }

  /** Take over what tabs that are gone have left; it stays with whoever takes it first. */
  adopt() {
    for (const key of keysOf(this.form)) {
      const { alive, entries } = kept(key);
      if (key === this.key || Date.now() - alive < DEAD) continue;
      localStorage.removeItem(key);
      for (const [item, entry] of entries) if (!this.waiting.has(item)) this.waiting.set(item, entry);
    }
    this.store();
  }

  /** The page is shown again out of the browser's memory: what another tab took over meanwhile is that one's. */
  back() {
    this.waiting = kept(this.key).entries;
    this.keep();
  }

  get(item) {
    return this.waiting.get(item);
  }

  /** Keep an answer and send it. */
  put(answer, base) {
    const before = this.waiting.get(answer.item);
    this.waiting.set(answer.item, { answer, base: before && !before.theirs ? before.base : base });
    this.keep();
    return this.flush();
  }

  /** The server's answer stands; ours is given up. */
  drop(item) {
    this.waiting.delete(item);
    this.keep();
  }

  keep() {
    this.store();
    this.changed();
  }

  store(alive = Date.now()) {
    try {
      if (this.waiting.size) localStorage.setItem(this.key, JSON.stringify({ alive, entries: [...this.waiting] }));
      else localStorage.removeItem(this.key);
    } catch {
      // a browser that keeps nothing, or no more: what waits is sent all the same, as long as the page is open
    }
  }

  get ready() {
    return [...this.waiting].filter(([, entry]) => !entry.theirs && !entry.refused);
  }

  /** Send what waits, until nothing does or the server is not reached; a sending that is under way takes along what came meanwhile. */
  flush() {
    this.running ??= this.drain().catch(this.trouble).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  async drain() {
    clearTimeout(this.timer);
    while (this.ready.length && (await this.sendOnce(this.ready)));
  }

  async sendOnce(sent) {
    try {
      const now = await this.send(sent.map(([, entry]) => entry.answer));
      this.offline = false;
      for (const [item, entry] of sent) {
        const newer = this.waiting.get(item);
        if (newer === entry) this.waiting.delete(item);
        else if (newer) newer.base = now(item); // typed meanwhile: it follows our own answer, nobody else's
      }
      this.keep();
      return true;
    } catch (error) {
      return this.failed(error, sent);
    }
  }

  async failed(error, sent) {
    this.offline = TRANSIENT.has(error.status ?? 0);
    if (this.offline) this.timer = setTimeout(() => this.flush(), RETRY);
    else if (error.status === 409) return this.settle(error);
    else if (error.status === 422) this.refuse(error, sent);
    this.changed();
    if (!this.offline && error.status !== 422) throw error;
    return error.status === 422;
  }

  /** Somebody else changed the form: what nobody else touched is sent again, the rest waits for the reader. */
  async settle(error) {
    const now = await this.reread();
    if (now === null) throw error; // the form is no longer to be filled in
    this.meet(now);
    return true;
  }

  /** Tell what waits from what the server has now: an answer of somebody else's is not written over unseen. */
  meet(now) {
    this.adopt();
    for (const [item, entry] of this.waiting) {
      const theirs = now(item);
      if (same(theirs, entry.answer)) this.waiting.delete(item); // it arrived, only the answer got lost
      else if (JSON.stringify(theirs) === JSON.stringify(entry.base)) delete entry.theirs;
      else entry.theirs = theirs;
    }
    this.keep();
  }

  refuse(error, sent) {
    const rows = new Map((error.body?.errors ?? []).map((row) => [sent[row.row - 1]?.[0], row.allowed]));
    for (const [item, entry] of sent) if (rows.has(item) || !rows.size) entry.refused = rows.get(item) ?? error.message;
    if (!sent.some(([, entry]) => entry.refused)) for (const [, entry] of sent) entry.refused = error.message;
    this.keep();
  }
}
