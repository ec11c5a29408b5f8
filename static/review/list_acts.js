// @ts-check
// What is done to the rows of a list in which one decides: at once on screen, sent behind, put back where it is refused.

import { gettext } from "../gettext.js";
import { newId, Outbox } from "./outbox.js";
import { Rest } from "./rest.js";

/**
 * `before`: the person's decision on the row before the act.
 * @typedef {import("./list_rows.js").Row} Row
 * @typedef {{client_id: string, kind: string, row: Row, before: Mine | null}} DoneHere
 */

const TAKEN_UP = ["accept", "reject", "score", "edit", "skip", "flag"];

export class ListActs {
  /**
   * `draw(row)` shows it as it is now, `go(at)` goes to a row, `hint` says what goes by itself, `notice` what stays,
   * `held(outbox, why)` what the server would not take, `changed()`: what waits is more or less than before.
   * @param {import("./list_rows.js").Rows} rows
   * @param {import("./stopwatch.js").Stopwatch} stopwatch
   * @param {{draw: (row: Row) => void, go: (at: number) => void, hint: (words: string) => void,
   *   notice: (words: string) => void, held: (outbox: Outbox, why: string) => void, changed: () => void}} how
   */
  constructor(rows, stopwatch, { draw, go, hint, notice, held, changed }) {
    this.rows = rows;
    this.stopwatch = stopwatch;
    this.draw = draw;
    this.go = go;
    this.hint = hint;
    this.notice = notice;
    this.held = held;
    this.changed = changed;
    /** @type {DoneHere[]} */
    this.done = [];
    /** @type {Map<string, DoneHere>} */
    this.undone = new Map();
    /** Samples whose labels are to be read again. @type {Set<number>} */
    this.stale = new Set();
    /** That of the round whose list is open. @type {Outbox | null} */
    this.outbox = null;
    /** One of each round that was opened here. @type {Outbox[]} */
    this.outboxes = [];
  }

  /** Another list: what was done before cannot be undone in it. */
  clear() {
    this.done = [];
    this.stale.clear();
  }

  /** How many acts no server has yet. */
  get unsaved() {
    return this.outboxes.reduce((sum, { size, held }) => sum + size + held.length, 0);
  }

  /**
   * From now on acts go to this round, whichever list is open when they are sent.
   * @param {number} me
   * @param {string} address
   * @returns {Outbox}
   */
  openOutbox(me, address) {
    const key = `rondo.review.${me}.${address.split("/")[2]}`;
    const known = this.outboxes.find(({ prefix }) => prefix === `${key}.`);
    if (known) return (this.outbox = known);
    const rest = new Rest(me);
    const outbox = new Outbox(key, (acts) => rest.sendActs(address, acts), {
      sent: (act, result) => this.sent(act, result),
      refused: (act, error) => this.refused(act, error),
      held: (error) => this.held(outbox, error.message),
      withdrawn: (act) => this.undone.delete(act.client_id),
      change: () => this.changed(),
    });
    this.outboxes.push(outbox);
    return (this.outbox = outbox);
  }

  /** @param {string} kind */
  decide(kind) {
    const { rows } = this;
    const row = rows.current;
    if (!row) return;
    if (rows.ended) {
      this.sayEnd();
      return;
    }
    const act = this.act(kind, row);
    this.done.push({ client_id: act.client_id, kind, row, before: row.mine });
    row.mine = { kind, client_id: act.client_id, saved: false };
    row.why = "";
    this.outbox?.push(act);
    this.draw(row);
    this.go(rows.at + 1);
    rows.ended = rows.current === row;
    if (rows.ended) this.sayEnd();
  }

  sayEnd() {
    this.hint(gettext("The end of the list. Before you decide this row again, undo or move."));
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
        const entry = this.done.find((earlier) => earlier.client_id === retracts && earlier.row === row);
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

  /**
   * Whether something done to the row is not answered yet.
   * @param {Row} row
   */
  waits(row) {
    const entries = this.outbox ? [...this.outbox.acts, ...this.outbox.held] : [];
    const undone = new Set([...this.undone.values()].map((entry) => entry.row));
    return undone.has(row) || entries.some(({ act }) => act.sample_id === row.sample.id);
  }

  flag() {
    const row = this.rows.current;
    if (!row) return;
    if (row.flag) {
      const client_id = row.flag;
      this.retract(this.find(client_id) || { client_id, kind: "flag", row, before: null });
    } else {
      const act = this.act("flag", row);
      this.done.push({ client_id: act.client_id, kind: "flag", row, before: null });
      row.flag = act.client_id;
      this.outbox?.push(act);
    }
    this.draw(row);
  }

  /** @param {string} clientId */
  find(clientId) {
    return this.done.find(({ client_id }) => client_id === clientId);
  }

  /**
   * `is_blind`: whether the row hid what the judge said.
   * @param {string} kind
   * @param {Row} row
   * @returns {Act}
   */
  act(kind, row) {
    const { id: sample_id, is_hidden: is_blind } = row.sample;
    return { client_id: newId(), kind, sample_id, mode: "sample", is_blind, seconds: this.stopwatch.seconds };
  }

  /** Take back what was done last here; before the first act here, on the server. */
  undo() {
    const { rows } = this;
    const last = this.done.at(-1);
    if (!last) {
      if (!rows.all.some(({ mine, flag }) => mine || flag))
        return this.hint(gettext("There is nothing to undo: you decided nothing in this list."));
      rows.ended = false;
      return this.outbox?.push({ client_id: newId(), kind: "retract", sample_id: 0, retracts: null });
    }
    this.retract(last);
    return this.go(rows.all.indexOf(last.row));
  }

  /** @param {DoneHere} entry */
  retract(entry) {
    this.putBack(entry);
    if (this.outbox?.withdraw(entry.client_id)) return this.changed();
    const client_id = newId();
    this.undone.set(client_id, entry);
    return this.outbox?.push({ client_id, kind: "retract", sample_id: 0, retracts: entry.client_id });
  }

  /**
   * An act that was held is given up.
   * @param {Act} act
   */
  drop(act) {
    const entry = this.find(act.client_id);
    if (entry) this.putBack(entry);
  }

  /**
   * The row as it was before the act.
   * @param {DoneHere} entry
   */
  putBack(entry) {
    const { row, client_id, before } = entry;
    this.done = this.done.filter((other) => other !== entry);
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
    const { sample_id: id } = decision;
    const row = this.rows.find(id);
    if (!row) {
      if (act.kind === "retract")
        this.notice(gettext("Taken back: what you did last, on sample {id}. It is not in this list.", { id }));
      return;
    }
    if (row.mine?.client_id === act.client_id) row.mine.saved = true;
    row.why = decision.late_because || "";
    this.stale.add(row.sample.id);
    this.draw(row);
  }

  /**
   * @param {Act} act
   * @param {Failure} error
   */
  refused(act, error) {
    const { rows } = this;
    const undone = this.undone.get(act.client_id);
    const entry = undone || this.find(act.client_id);
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
    this.stale.add(row.sample.id);
    this.draw(row);
    // Nothing was decided since, nor did the person go anywhere: the row is still to be decided.
    const at = rows.all.indexOf(row);
    if (isLast && (rows.at === at + 1 || rows.ended)) this.go(at);
  }
}
