// @ts-check
// What the server answers to what was sent: taken, late, refused, or held until it may be taken.

import { gettext } from "../gettext.js";
import { kept } from "./rest.js";

/** @type {Record<string, string>} */
const WORDS = {
  accept: gettext("accept"),
  reject: gettext("reject"),
  score: gettext("a score"),
  prefer: gettext("a choice"),
  rank: gettext("a rank"),
};

/**
 * What answers need. `acted(item, act)`: the server has the act, and the item is as it is now. `keepText(act)` keeps
 * what was written and not saved, `sayHeld()` tells what is still held.
 * @typedef {{review: import("./review.js").Review, rest: import("./rest.js").Rest, queue: import("./queue.js").Queue,
 *   ledger: import("./ledger.js").Ledger, work: import("./work.js").Work, status: import("./status.js").Status,
 *   outcomes: import("./outcomes.js").Outcomes,
 *   questions: {sent: (act: Act) => void, refused: (act: Act) => void},
 *   acted: (item: Item, act: Act) => void, keepText: (act: Act) => void, sayHeld: () => void,
 *   paint: (how?: {keep?: boolean}) => void}} AnswerNeeds
 */

export class Answers {
  /** @param {AnswerNeeds} needs */
  constructor(needs) {
    this.review = needs.review;
    this.rest = needs.rest;
    this.queue = needs.queue;
    this.ledger = needs.ledger;
    this.work = needs.work;
    this.status = needs.status;
    this.outcomes = needs.outcomes;
    this.questions = needs.questions;
    this.acted = needs.acted;
    this.keepText = needs.keepText;
    this.sayHeld = needs.sayHeld;
    this.paint = needs.paint;
  }

  /**
   * `result`: what came of an act; `decision` is what was written.
   * @param {Act} act
   * @param {any} result
   */
  sent(act, result) {
    if (act.kind === "answer") return this.questions.sent(act);
    const { decision, meanwhile } = result;
    const { sample_id, late_because: late, replaces } = decision;
    const { outcomes } = this;
    this.review.tally = result.tally;
    if (late) outcomes.tell("late", sample_id, late);
    if (meanwhile) outcomes.tell("settled", sample_id, meanwhile);
    if (replaces && !this.ledger.known.has(replaces[0]))
      outcomes.tell("elsewhere", sample_id, WORDS[replaces[1]] ?? replaces[1]);
    if (act.kind === "retract") return this.retracted(act, sample_id);
    const item = this.queue.find(act.sample_id);
    if (!item) return undefined;
    this.judged(item, result);
    if (item.mine && item.mine.client_id === act.client_id) {
      Object.assign(item.mine, { saved: true, is_override: decision.is_override, late: Boolean(late) });
    }
    return this.acted(item, act);
  }

  /**
   * The judge's view, which comes once the person has committed.
   * @param {Item} item
   * @param {any} result
   */
  judged(item, { decision, judge, judges, reason }) {
    item.reason ||= reason;
    item.is_random ||= decision.is_random;
    if (judge && !item.members) item.judge = judge;
    for (const member of item.members || []) {
      if (judges && judges[member.sample_id]) member.judge = judges[member.sample_id];
    }
  }

  /**
   * After a reload there is nothing here to go back to: fetch what was taken back and show it.
   * @param {Act} act
   * @param {number} sampleId
   */
  async retracted(act, sampleId) {
    this.ledger.undone.delete(act.client_id);
    if (act.retracts) return;
    const { address, order } = this.review;
    const wanted = { order, include: [sampleId], limit: 1, peek: true };
    const answer = await this.rest.post(`${address}/review/claims`, wanted);
    if (!answer?.length) return;
    const item = kept(answer[0]);
    const known = this.queue.find(item.sample_id);
    if (known) known.flag = item.flag;
    // What is being written stays on screen.
    this.queue.insert(item, { isNext: this.work.isBegun });
    this.paint();
  }

  /**
   * @param {Act} act
   * @param {Failure} error
   */
  refused(act, error) {
    const { ledger } = this;
    const isFrozen = error.type === "LabelsFrozen";
    if (isFrozen) this.review.end();
    const isUndo = act.kind === "retract";
    const entry = isUndo ? ledger.undone.get(act.client_id) : ledger.find(act.client_id);
    ledger.undone.delete(act.client_id);
    if (act.kind === "answer") this.questions.refused(act);
    // Nothing stands that could be taken back: what is shown is right, and there is nothing to settle.
    const isNothing = isUndo && !isFrozen && (error.type === "NotFound" || error.type === "Conflict");
    if (entry && !isUndo) ledger.revert(entry);
    if (entry && isUndo && !isNothing) ledger.restore(entry);
    this.keepText(act);
    if (!isNothing) this.outcomes.tell(act.kind === "answer" ? "unanswered" : "refused", act.sample_id, error.message);
    this.sayHeld();
    this.paint({ keep: true });
    if (isNothing) this.status.hint(error.message);
  }

  /**
   * An undo and what it was for met in this browser: neither is sent.
   * @param {Act} act
   */
  withdrawn(act) {
    this.ledger.undone.delete(act.client_id);
    this.sayHeld();
  }

  /**
   * The person gave up what the server would not take.
   * @param {Act} act
   */
  givenUp(act) {
    const entry = this.ledger.find(act.client_id);
    if (entry) this.ledger.revert(entry);
    if (act.kind === "answer") this.questions.refused(act);
    this.keepText(act);
  }
}
