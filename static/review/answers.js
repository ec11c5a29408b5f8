// @ts-check
// What the server answers to what was sent: taken, late, refused, or held until it may be taken.

import { make } from "./elements.js";
import { keepWords } from "./notes.js";
import { dropStale } from "./question_acts.js";
import { kept } from "./rest.js";
import * as screen from "./screen.js";

/** @type {Record<string, string>} */
const WORDS = { accept: "accept", reject: "reject", score: "a score", prefer: "a choice", rank: "a rank" };

/** What a desk has besides its methods stands in .ci/javascript/desk.d.ts. */
const Base = /** @type {new () => Desk} */ (/** @type {unknown} */ (Object));

export class Answers extends Base {
  /**
   * `result`: what came of an act; `decision` is what was written.
   * @param {Act} act
   * @param {any} result
   */
  sent(act, result) {
    if (act.kind === "answer") return this.questions.sent(act);
    const { decision, meanwhile } = result;
    const { sample_id, late_because: late, replaces } = decision;
    this.tally = result.tally;
    if (late) this.outcomes.tell("late", sample_id, late);
    if (meanwhile) this.outcomes.tell("settled", sample_id, meanwhile);
    if (replaces && !this.known.has(replaces[0])) this.outcomes.tell("elsewhere", sample_id, WORDS[replaces[1]]);
    if (act.kind === "retract") return this.retracted(act, sample_id);
    const item = this.queue.find(act.sample_id);
    if (!item) return undefined;
    this.judged(item, result);
    if (item.mine && item.mine.client_id === act.client_id) {
      Object.assign(item.mine, { saved: true, is_override: decision.is_override, late: Boolean(late) });
    }
    if (item === this.last) screen.paintReveal(this);
    if (item === this.shown && item.mine && !this.work) screen.paintMine(this);
    if (item === this.shown || act.kind === "note") this.history.show(this.shown);
    if (item === this.shown) this.comments.show(item);
    return undefined;
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
    this.undone.delete(act.client_id);
    if (act.retracts) return;
    const answer = await this.rest.post(`${this.address}/review/claims`, {
      order: this.order,
      include: [sampleId],
      limit: 1,
      peek: true,
    });
    if (!answer?.length) return;
    const item = kept(answer[0]);
    const known = this.queue.find(item.sample_id);
    if (known) known.flag = item.flag;
    // What is being written stays on screen.
    this.queue.insert(item, { isNext: Boolean(this.work) });
    this.paint();
  }

  /**
   * @param {Act} act
   * @param {Failure} error
   */
  refused(act, error) {
    const isFrozen = error.type === "LabelsFrozen";
    if (isFrozen) this.round.is_open = false;
    const isUndo = act.kind === "retract";
    const entry = isUndo ? this.undone.get(act.client_id) : this.done.find((one) => one.client_id === act.client_id);
    this.undone.delete(act.client_id);
    if (act.kind === "answer") this.questions.refused(act);
    // Nothing stands that could be taken back: what is shown is right, and there is nothing to settle.
    const isNothing = isUndo && !isFrozen && (error.type === "NotFound" || error.type === "Conflict");
    if (entry && !isUndo) this.revert(entry);
    if (entry && isUndo && !isNothing) this.standsAgain(entry);
    this.keepText(act);
    if (!isNothing) this.outcomes.tell(act.kind === "answer" ? "unanswered" : "refused", act.sample_id, error.message);
    this.sayHeld();
    this.paint({ keep: true });
    if (isNothing) this.hint(error.message);
  }

  /**
   * An undo and what it was for met in this browser: neither is sent.
   * @param {Act} act
   */
  withdrawn(act) {
    this.undone.delete(act.client_id);
    this.sayHeld();
  }

  /**
   * What was written and not saved is found by the key that wrote it, and can be read at once.
   * @param {Act} act
   */
  keepText(act) {
    if (!act.text && !act.note) return;
    keepWords(this, act);
    this.outcomes.keepText(act);
  }

  /**
   * The server would not take it, and may later: the role or the round is gone. It stays in this browser.
   * @param {Failure} error
   */
  held(error) {
    dropStale(this.outbox);
    this.whyHeld = error.message;
    this.sayHeld();
    this.paintBar();
  }

  sayHeld() {
    const count = this.outbox.held.length;
    if (!this.whyHeld) return;
    if (!count) {
      this.whyHeld = "";
      this.parts.message.hidden = true;
      return;
    }
    const buttons = [
      make("button.rondo-quiet", { type: "button", onclick: () => this.tryAgain() }, "Try again"),
      make(
        "button.rondo-quiet",
        { type: "button", onclick: () => this.giveUp() },
        count > 1 ? "Give them up" : "Give it up",
      ),
    ];
    const what =
      count > 1 ? `${count} decisions of yours were not saved; they are` : "A decision of yours was not saved; it is";
    this.say(`${what} kept in this browser. ${this.whyHeld}`, { buttons });
  }

  tryAgain() {
    this.whyHeld = "";
    this.parts.message.hidden = true;
    this.outbox.release();
  }

  giveUp() {
    for (const { act } of this.outbox.giveUp()) {
      const entry = this.done.find((one) => one.client_id === act.client_id);
      if (entry) this.revert(entry);
      if (act.kind === "answer") this.questions.refused(act);
      this.keepText(act);
    }
    this.sayHeld();
    this.paint({ keep: true });
  }

  /** Somebody ended the review, or a rule of the round did. */
  closed() {
    if (!this.round.is_open) return;
    this.round.is_open = false;
    this.say("The review of this round was closed: its labels are frozen with what training reads.");
    this.paint({ keep: true });
  }

  /**
   * The act does not stand.
   * @param {Done} entry
   */
  revert(entry) {
    const { item, target, text, client_id, before } = entry;
    this.done = this.done.filter((one) => one !== entry);
    if (item.flag === client_id) item.flag = null;
    if (item.mine?.client_id === client_id) item.mine = before;
    if (text) target.edits = (target.edits || []).filter((one) => one !== text);
  }

  /**
   * The act stands after all.
   * @param {Done} entry
   */
  standsAgain(entry) {
    const { kind, item, target, text, client_id, before, after } = entry;
    this.done.push(entry);
    if (kind === "flag") item.flag ||= client_id;
    else if ((item.mine || null) === before) item.mine = after || null;
    if (text) target.edits = [...(target.edits || []), text];
  }
}
