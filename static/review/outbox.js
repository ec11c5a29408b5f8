// @ts-check
// Decisions on their way to the server: in order, each with an id of its own, kept in this browser until confirmed.

import { afterPaint, within } from "./elements.js";

const BATCH = 25;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
const ANSWER_IN = 8000;
/** How often an act is sent alone to a server that fails with it, before the next ones are. */
const TRIES = 3;
const FAILED = "InternalError";
const LOST = "DatabaseLost";
const HOLDING = new Set(["PermissionDenied", "NotFound", "MissingPrerequisite", LOST, FAILED]);

/**
 * @typedef {{name: string, act: Act, failures?: number}} Entry
 * @typedef {{type: string, message: string, retry_after?: number}} Problem
 * @typedef {{error?: Problem, [more: string]: any}} Result
 * @typedef {Result[] & {error?: undefined} | {error: Problem}} Answer
 */

export const newId = () =>
  crypto.randomUUID
    ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

export class Outbox {
  /**
   * `send(acts)` resolves to what came of each, which may be an {error}, to {error} of them all, or to undefined when
   * nothing came back.
   * `on.sent(act, result)`, `on.refused(act, error)`, `on.held(error)`, `on.withdrawn(act)`, `on.change(outbox)`.
   * @param {string} key
   * @param {(acts: Act[]) => Promise<Answer | undefined>} send
   * @param {{sent: (act: Act, result: Result) => void, refused: (act: Act, error: Problem) => void,
   *   held: (error: Problem) => void, withdrawn: (act: Act) => void, change: (outbox: Outbox) => void}} on
   */
  constructor(key, send, on) {
    this.prefix = `${key}.`;
    this.send = send;
    this.on = on;
    this.acts = this.stored();
    /** @type {Entry[]} */
    this.held = [];
    /** @type {Entry[]} */
    this.sending = [];
    this.count = 0;
    this.busy = false;
    this.isSignedOut = false;
    this.whySignedOut = "";
    this.isLost = false;
    this.wait = 0;
    this.retryAt = 0;
    this.timer = 0;
    this.batch = BATCH;
    window.addEventListener("online", () => this.flush());
  }

  get size() {
    return this.acts.length;
  }

  /** Try again what the server would not take. */
  release() {
    // What was held came first, unless more was held after it.
    this.acts = [...this.held.splice(0), ...this.acts].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.flush();
  }

  /** Forget what is held, and return it. */
  giveUp() {
    const entries = this.held.splice(0);
    this.forget(entries);
    return entries;
  }

  /**
   * Drop an act that is held; false where there is none, and the server may have it.
   * @param {string | null | undefined} clientId
   */
  withdraw(clientId) {
    const withdrawn = this.held.filter(({ act }) => act.client_id === clientId);
    this.held = this.held.filter((entry) => !withdrawn.includes(entry));
    this.forget(withdrawn);
    return withdrawn.length > 0;
  }

  /**
   * Forget the acts whose place a later one takes; what is on its way to the server arrives before it.
   * @param {(act: Act) => boolean} isReplaced
   */
  replace(isReplaced) {
    const gone = [...this.held, ...this.acts].filter((entry) => isReplaced(entry.act) && !this.sending.includes(entry));
    this.held = this.held.filter((entry) => !gone.includes(entry));
    this.forget(gone);
  }

  /**
   * One entry for each act, so that two tabs of one person never overwrite each other's.
   * @returns {Entry[]}
   */
  stored() {
    /** @type {[string, Act][]} */
    const entries = [];
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const name = localStorage.key(i);
        const act = name?.startsWith(this.prefix) ? localStorage.getItem(name) : null;
        if (name && act) entries.push([name, JSON.parse(act)]);
      }
    } catch {
      return [];
    }
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, act]) => ({ name, act }));
  }

  /** @param {Act} act */
  push(act) {
    this.count += 1;
    const order = `${String(Date.now()).padStart(15, "0")}.${String(this.count).padStart(6, "0")}`;
    const entry = { name: `${this.prefix}${order}.${act.client_id}`, act };
    try {
      localStorage.setItem(entry.name, JSON.stringify(act));
    } catch {
      // A full or forbidden store: the act still waits in memory, and leaving the page asks.
    }
    this.acts.push(entry);
    this.on.change(this);
    afterPaint(() => this.flush());
  }

  /** @param {Entry[]} entries */
  forget(entries) {
    const gone = new Set(entries);
    this.acts = this.acts.filter((entry) => !gone.has(entry));
    for (const { name } of entries) {
      try {
        localStorage.removeItem(name);
      } catch {
        // Sent again on the next load, where it is found written already.
      }
    }
  }

  async flush() {
    if (this.busy || !this.acts.length) return;
    clearTimeout(this.timer);
    this.busy = true;
    this.retryAt = 0;
    this.on.change(this);
    const entries = (this.sending = this.acts.slice(0, this.batch));
    /** @type {Answer | undefined} */
    let answer;
    try {
      // Lost packets give no error. What did arrive is known by its client_id, and not written again.
      answer = await within(ANSWER_IN, this.send(entries.map((entry) => entry.act)));
    } catch {
      answer = undefined;
    }
    this.busy = false;
    this.sending = [];
    this.settle(entries, answer);
    this.on.change(this);
    if (this.acts.length && !this.retryAt) this.flush();
  }

  /**
   * @param {Entry[]} entries
   * @param {Answer | undefined} answer
   */
  settle(entries, answer) {
    const error = answer?.error;
    this.isSignedOut = error?.type === "NotSignedIn";
    this.whySignedOut = error && this.isSignedOut ? error.message : "";
    // Busy: nothing of it was written, and the same works a little later. Lost: when the database's file is put back.
    this.isLost = error?.type === LOST;
    const isBusy = this.isLost || error?.type === "Busy";
    if (!answer || this.isSignedOut || isBusy || this.mayPass(entries, error)) {
      const asked = isBusy ? 1000 * (error?.retry_after || 0) : 0;
      this.wait = asked || Math.min(this.wait * 2 || FIRST_WAIT, LONGEST_WAIT);
      this.retryAt = Date.now() + this.wait;
      this.timer = setTimeout(() => this.flush(), this.wait);
      return;
    }
    this.wait = 0;
    this.batch = BATCH;
    // An error of the whole answer is that of each; else every act has its own, and none holds up another.
    entries.forEach((entry, i) => this.settleOne(entry, answer.error ? { error: answer.error } : answer[i]));
  }

  /**
   * The server failed, and may not the next time. One act that makes it fail is found by sending them one at a time.
   * @param {Entry[]} entries
   * @param {Problem | undefined} error
   */
  mayPass(entries, error) {
    if (!error || error.type !== FAILED) return false;
    this.batch = 1;
    const [first] = entries;
    if (entries.length > 1) return true;
    first.failures = (first.failures || 0) + 1;
    return first.failures < TRIES;
  }

  /**
   * @param {Entry} entry
   * @param {Result} result
   */
  settleOne(entry, result) {
    const { act } = entry;
    const { error } = result;
    if (error && HOLDING.has(error.type) && act.kind !== "retract") {
      // A role or a round went away, or the server fails: what was decided stays here until the person gives it up.
      this.acts = this.acts.filter((other) => other !== entry);
      this.held.push(entry);
      this.on.held(error);
      return;
    }
    this.forget([entry]);
    if (!error) this.on.sent(act, result);
    // Kept for later, an undo could take back another decision; what it was for need not be sent any more.
    else if (act.kind === "retract" && this.withdraw(act.retracts)) this.on.withdrawn(act);
    else this.on.refused(act, error);
  }
}
