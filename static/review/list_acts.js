// @ts-check
// What is done to the rows of a list in which one decides: at once on screen, sent behind, put back where it is refused.

import { make } from "./elements.js";
import { newId, Outbox } from "./outbox.js";
import { Rest } from "./rest.js";

/** @typedef {import("./list_rows.js").Row} Row */
/** @typedef {{client_id: string, kind: string, row: Row, before: Mine | null}} DoneHere */

const LONGEST = 300;
const END = "The end of the list. Before you decide this row again, undo or move.";
const NOTHING = "There is nothing to undo: you decided nothing in this list.";
const TAKEN_UP = ["accept", "reject", "score", "edit", "skip", "flag"];

export class ListActs {
  /** @type {Row[]} */
  rows = [];
  /** @type {DoneHere[]} */
  done = [];
  /** @type {Map<string, DoneHere>} */
  undone = new Map();
  /** Samples whose labels are to be read again. @type {Set<number>} */
  changed = new Set();
  /** @type {Outbox | null} */
  outbox = null;
  /** One of each round that was opened here. @type {Outbox[]} */
  outboxes = [];
  /** Why an outbox holds what it holds. @type {Map<Outbox, string>} */
  whyHeld = new Map();
  told = "";
  at = 0;
  /** Whether the current row was decided and is the last one: nobody is to decide it once more by a key too many. */
  ended = false;
  started = 0;
  message = make("p.why", { hidden: true });

  /** How many acts no server has yet. */
  get unsaved() {
    return this.outboxes.reduce((sum, { size, held }) => sum + size + held.length, 0);
  }

  get current() {
    return this.rows[this.at];
  }

  /** @param {number} id */
  find(id) {
    return this.rows.find(({ sample }) => sample.id === id);
  }

  /** @param {Row} _row @returns {HTMLElement} */
  draw(_row) {
    throw new Error("drawn by the list");
  }

  /** @param {number} _at */
  go(_at) {}

  progress() {}

  /** @param {string} _words */
  hint(_words) {}

  /**
   * That of a round: its acts go to this round, whichever list is open when they are sent.
   * @param {number} me
   * @param {string} address
   */
  outboxOf(me, address) {
    const key = `rondo.review.${me}.${address.split("/")[2]}`;
    const known = this.outboxes.find(({ prefix }) => prefix === `${key}.`);
    if (known) return known;
    const rest = new Rest(me);
    const outbox = new Outbox(key, (acts) => rest.sendActs(address, acts), {
      sent: (act, result) => this.sent(act, result),
      refused: (act, error) => this.refused(act, error),
      held: (error) => this.held(outbox, error.message),
      withdrawn: (act) => this.undone.delete(act.client_id),
      change: () => this.progress(),
    });
    this.outboxes.push(outbox);
    return outbox;
  }

  /** @param {string} kind */
  decide(kind) {
    const row = this.current;
    if (!row) return;
    if (this.ended) {
      this.hint(END);
      return;
    }
    const act = this.act(kind, row);
    this.done.push({ client_id: act.client_id, kind, row, before: row.mine });
    row.mine = { kind, client_id: act.client_id, saved: false };
    row.why = "";
    this.outbox?.push(act);
    this.draw(row);
    this.go(this.at + 1);
    this.ended = this.current === row;
    if (this.ended) this.hint(END);
  }

  /**
   * Show on a row what an earlier page, or the desk, did and did not send.
   * @param {Row} row
   */
  takeUp(row) {
    const waiting = this.outbox ? [...this.outbox.held, ...this.outbox.acts] : [];
    for (const { act } of waiting.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { client_id, kind, sample_id, retracts } = act;
      if (kind === "retract" && retracts) {
        const entry = this.done.find((one) => one.client_id === retracts && one.row === row);
        if (entry) this.putBack(entry);
        else if (row.flag === retracts) row.flag = null;
        else if (row.mine?.client_id === retracts) row.mine = null;
      } else if (sample_id === row.sample.id && TAKEN_UP.includes(kind)) {
        this.done.push({ client_id, kind, row, before: row.mine });
        if (kind === "flag") row.flag = client_id;
        else row.mine = { kind, client_id, saved: false };
      }
    }
  }

  flag() {
    const row = this.current;
    if (!row) return;
    if (row.flag) {
      const client_id = row.flag;
      this.retract(
        this.done.find((one) => one.client_id === client_id) || { client_id, kind: "flag", row, before: null },
      );
    } else {
      const act = this.act("flag", row);
      this.done.push({ client_id: act.client_id, kind: "flag", row, before: null });
      row.flag = act.client_id;
      this.outbox?.push(act);
    }
    this.draw(row);
  }

  /**
   * `is_blind`: whether the row hid what the judge said.
   * @param {string} kind
   * @param {Row} row
   * @returns {Act}
   */
  act(kind, row) {
    const seconds = Math.min(LONGEST, Math.round(performance.now() - this.started) / 1000);
    const { id: sample_id, is_hidden: is_blind } = row.sample;
    return { client_id: newId(), kind, sample_id, mode: "sample", is_blind, seconds };
  }

  /** Take back what was done last here; before the first act here, on the server. */
  undo() {
    const last = this.done.at(-1);
    if (!last) {
      if (!this.rows.some(({ mine, flag }) => mine || flag)) return this.hint(NOTHING);
      this.ended = false;
      return this.outbox?.push({ client_id: newId(), kind: "retract", sample_id: 0, retracts: null });
    }
    this.retract(last);
    return this.go(this.rows.indexOf(last.row));
  }

  /** @param {DoneHere} entry */
  retract(entry) {
    this.putBack(entry);
    if (this.outbox?.withdraw(entry.client_id)) return this.progress();
    const client_id = newId();
    this.undone.set(client_id, entry);
    return this.outbox?.push({ client_id, kind: "retract", sample_id: 0, retracts: entry.client_id });
  }

  /**
   * The row as it was before the act.
   * @param {DoneHere} entry
   */
  putBack(entry) {
    const { row, client_id, before } = entry;
    this.done = this.done.filter((one) => one !== entry);
    if (row.flag === client_id) row.flag = null;
    if (row.mine?.client_id === client_id) row.mine = before;
    this.draw(row);
  }

  /**
   * @param {Act} act
   * @param {any} result
   */
  sent(act, { decision }) {
    this.undone.delete(act.client_id);
    // The desk keeps answers to questions here, too.
    if (!decision) return;
    const row = this.find(decision.sample_id);
    if (!row) {
      if (act.kind === "retract")
        this.notice(`Taken back: what you did last, on sample ${decision.sample_id}. It is not in this list.`);
      return;
    }
    if (row.mine?.client_id === act.client_id) row.mine.saved = true;
    row.why = decision.late_because || "";
    this.changed.add(row.sample.id);
    this.draw(row);
  }

  /**
   * @param {Act} act
   * @param {Failure} error
   */
  refused(act, error) {
    const undone = this.undone.get(act.client_id);
    const entry = undone || this.done.find(({ client_id }) => client_id === act.client_id);
    this.undone.delete(act.client_id);
    if (!entry) {
      this.notice(error.message);
      return;
    }
    const { row } = entry;
    const isLast = !undone && entry === this.done.at(-1) && entry.kind !== "flag";
    if (!undone) this.putBack(entry);
    row.why = error.message;
    // Of an undo that is refused the server knows what stands.
    this.changed.add(row.sample.id);
    this.draw(row);
    // Nothing was decided since, nor did the person go anywhere: the row is still to be decided.
    const at = this.rows.indexOf(row);
    if (isLast && (this.at === at + 1 || this.ended)) this.go(at);
  }

  /**
   * A role or the review is gone: what was decided stays here until the person gives it up.
   * @param {Outbox} outbox
   * @param {string} why
   */
  held(outbox, why) {
    this.whyHeld.set(outbox, why);
    this.notice(this.told);
  }

  /**
   * Say something, beside what is held, which stays until it is sent or given up.
   * @param {string} words
   */
  notice(words) {
    this.told = words;
    /** @type {(string | HTMLElement)[]} */
    const parts = words ? [words] : [];
    for (const [outbox, why] of this.whyHeld) if (outbox.held.length) parts.push(...this.ofHeld(outbox, why));
    this.message.replaceChildren(...parts);
    this.message.hidden = !parts.length;
  }

  /**
   * What an outbox holds, and what can be done about it.
   * @param {Outbox} outbox
   * @param {string} why
   */
  ofHeld(outbox, why) {
    const again = () => {
      outbox.release();
      this.notice("");
    };
    const drop = () => {
      for (const { act } of outbox.giveUp()) {
        const entry = this.done.find(({ client_id }) => client_id === act.client_id);
        if (entry) this.putBack(entry);
      }
      this.notice("");
      this.progress();
    };
    const button = (/** @type {string} */ words, /** @type {() => void} */ onclick) =>
      make("button.rondo-quiet", { type: "button", onclick }, words);
    const what = outbox === this.outbox ? "What you decided" : "What you decided in another round";
    const words = ` ${what} is kept in this browser and not saved. ${why} `;
    return [words, button("Try again", again), " ", button("Give it up", drop)];
  }
}
