// @ts-check
// What is done to the rows of a list in which one decides: at once on screen, sent behind, put back where it is refused.

import { make } from "./elements.js";
import { newId } from "./outbox.js";

/** @typedef {import("./list_rows.js").Row} Row */
/** @typedef {{client_id: string, kind: string, row: Row, before: Mine | null}} DoneHere */

const LONGEST = 300;

export class ListActs {
  /** @type {Row[]} */
  rows = [];
  /** @type {DoneHere[]} */
  done = [];
  /** @type {Map<string, DoneHere>} */
  undone = new Map();
  /** Samples whose labels are to be read again. @type {Set<number>} */
  changed = new Set();
  /** @type {import("./outbox.js").Outbox | null} */
  outbox = null;
  at = 0;
  started = 0;
  message = make("p.why", { hidden: true });

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

  /** @param {string} kind */
  decide(kind) {
    const row = this.current;
    if (!row) return;
    const act = this.act(kind, row);
    this.done.push({ client_id: act.client_id, kind, row, before: row.mine });
    row.mine = { kind, client_id: act.client_id, saved: false };
    row.why = "";
    this.outbox?.push(act);
    this.draw(row);
    this.go(this.at + 1);
  }

  /**
   * Show on a row what an earlier page decided and did not send.
   * @param {Row} row
   */
  takeUp(row) {
    for (const { act } of this.outbox ? [...this.outbox.acts, ...this.outbox.held] : []) {
      const { client_id, kind, sample_id } = act;
      if (sample_id !== row.sample.id || !["accept", "reject", "skip"].includes(kind)) continue;
      this.done.push({ client_id, kind, row, before: row.mine });
      row.mine = { kind, client_id, saved: false };
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
    if (!last) return this.outbox?.push({ client_id: newId(), kind: "retract", sample_id: 0, retracts: null });
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
    const row = this.find(decision.sample_id);
    this.undone.delete(act.client_id);
    if (!row) return;
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
      this.message.textContent = error.message;
      this.message.hidden = false;
      return;
    }
    const { row } = entry;
    if (!undone) this.putBack(entry);
    row.why = error.message;
    // Of an undo that is refused the server knows what stands.
    this.changed.add(row.sample.id);
    this.draw(row);
  }

  /**
   * A role or the review is gone: what was decided stays here until the person gives it up.
   * @param {string} why
   */
  held(why) {
    const again = () => {
      this.message.hidden = true;
      this.outbox?.release();
    };
    const drop = () => {
      for (const { act } of this.outbox?.giveUp() || []) {
        const entry = this.done.find(({ client_id }) => client_id === act.client_id);
        if (entry) this.putBack(entry);
      }
      this.message.hidden = true;
      this.progress();
    };
    const button = (/** @type {string} */ words, /** @type {() => void} */ onclick) =>
      make("button.rondo-quiet", { type: "button", onclick }, words);
    const words = `What you decided is kept in this browser and not saved. ${why} `;
    this.message.replaceChildren(words, button("Try again", again), " ", button("Give it up", drop));
    this.message.hidden = false;
  }
}
