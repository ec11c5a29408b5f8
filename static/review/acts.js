// @ts-check
// What a person does to items: it shows at once, and is sent behind.

import { gettext } from "../gettext.js";
import { newId } from "./outbox.js";

/** @type {Record<string, string>} */
const UNDONE = {
  note: gettext("Your note is taken back."),
  flag: gettext("Your flag is taken back."),
  answer: gettext("Your last answer is taken back."),
};

/**
 * What acts need. `forget(item)`: what was chosen on it so far is decided. `stops(kind, item, value)`: whether a
 * required answer is lacking. `undoAnswer(entry)` takes an answer back, `sayHeld()` tells what is still held.
 * @typedef {{review: import("./review.js").Review, queue: import("./queue.js").Queue,
 *   outbox: import("./outbox.js").Outbox, ledger: import("./ledger.js").Ledger, work: import("./work.js").Work,
 *   status: import("./status.js").Status, stopwatch: import("./stopwatch.js").Stopwatch,
 *   forget: (item: Item) => void, stops: (kind: string, item: Item, value?: any) => boolean,
 *   undoAnswer: (entry: Done) => void, sayHeld: () => void, keepText: (act: Act) => void,
 *   paint: (how?: {keep?: boolean}) => void}} ActNeeds
 */

export class Acts {
  /** @param {ActNeeds} needs */
  constructor(needs) {
    this.review = needs.review;
    this.queue = needs.queue;
    this.outbox = needs.outbox;
    this.ledger = needs.ledger;
    this.work = needs.work;
    this.status = needs.status;
    this.stopwatch = needs.stopwatch;
    this.forget = needs.forget;
    this.stops = needs.stops;
    this.undoAnswer = needs.undoAnswer;
    this.sayHeld = needs.sayHeld;
    this.keepText = needs.keepText;
    this.paint = needs.paint;
  }

  /**
   * Note the decision, send it behind, paint the next item now.
   * @param {string} kind
   * @param {{score?: number, value?: any}} more
   * @param {Item | undefined} item
   */
  decide(kind, more = {}, item = this.queue.current) {
    if (!item || !this.review.isOpen || this.stops(kind, item, more.value)) return;
    const act = this.act(kind, item, more);
    this.remember(act, item);
    item.mine = { kind, score: more.score ?? null, value: more.value || null, client_id: act.client_id, saved: false };
    this.ledger.last = item;
    this.work.drop();
    this.forget(item);
    if (item === this.queue.current) this.queue.next();
    this.paint();
  }

  /**
   * Send an act; `u` takes it back.
   * @param {Act} act
   * @param {Item} item
   * @param {Sample} target
   */
  remember(act, item, target = item) {
    const { kind, text, client_id } = act;
    this.ledger.add({ kind, text, client_id, item, target, before: item.mine || null });
    this.outbox.push(act);
  }

  /**
   * @param {string} kind
   * @param {Item} item
   * @param {object} more
   * @returns {Act}
   */
  act(kind, item, more) {
    const isSeen = (item.members || [item]).some(({ judge }) => judge);
    const { sample_id } = item;
    const { seconds } = this.stopwatch;
    return { client_id: newId(), kind, sample_id, mode: this.review.modeName, is_blind: !isSeen, seconds, ...more };
  }

  /**
   * An edit decides a single sample; in a group it adds a text, and the group is still to be decided. False: not taken.
   * @param {Sample} target
   * @param {string} text
   * @param {object | null} value
   */
  edited(target, text, value) {
    const { item } = this.work;
    if (!item) return false;
    if (!this.review.isOpen) {
      this.status.say(gettext("The review was closed meanwhile. What you write is kept in this browser."));
      return false;
    }
    if (target === item && this.stops("edit", item)) return false;
    const more = { text, ...(value ? { value } : {}) };
    target.edits = [...(target.edits || []), text];
    if (target === item) {
      this.decide("edit", more, item);
      return true;
    }
    this.remember({ ...this.act("edit", item, more), sample_id: target.sample_id }, item, target);
    // The time the text took was sent with it.
    this.stopwatch.start();
    this.work.end();
    this.status.hint(gettext("Your text is kept beside the original. The group is still to be decided."));
    return true;
  }

  /**
   * @param {Item} item
   * @param {string} note
   */
  noted(item, note) {
    const act = { client_id: newId(), kind: "note", sample_id: item.sample_id, note };
    if (!this.review.isOpen) {
      this.status.say(gettext("The review was closed meanwhile. Your note is kept in this browser."));
      return this.keepText(act);
    }
    this.remember(act, item);
    return this.status.hint(gettext("Noted."));
  }

  flag() {
    const item = this.queue.current;
    if (!item || !this.review.isOpen) return;
    const client_id = newId();
    if (item.flag) {
      const unknown = { kind: "flag", client_id: item.flag, item, target: item, before: null };
      this.retract(this.ledger.find(item.flag) || unknown);
    } else {
      this.remember({ client_id, kind: "flag", sample_id: item.sample_id }, item);
      item.flag = client_id;
    }
    this.paint({ keep: true });
  }

  /** Take back what was done last: on this page; before the first act here, on the server. */
  undo() {
    if (!this.review.isOpen) return;
    const last = this.ledger.done.at(-1);
    if (!last) {
      this.outbox.push({ client_id: newId(), kind: "retract", sample_id: 0, retracts: null });
      return;
    }
    if (last.question) this.undoAnswer(last);
    else {
      this.retract(last);
      this.ledger.last = undefined;
    }
    this.queue.insert(last.item);
    this.paint();
    if (UNDONE[last.kind]) this.status.hint(UNDONE[last.kind]);
  }

  /**
   * Show an item as it was before an act, and send that the act is taken back.
   * @param {Done} entry
   */
  retract(entry) {
    const { item, client_id: retracts } = entry;
    entry.after = item.mine || null;
    this.ledger.revert(entry);
    if (this.outbox.withdraw(retracts)) return this.sayHeld();
    const client_id = newId();
    this.ledger.undone.set(client_id, entry);
    return this.outbox.push({ client_id, kind: "retract", sample_id: 0, retracts });
  }
}
