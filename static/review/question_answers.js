// @ts-check
// The person's answers on their way to the server: given, taken back, refused.

import { newId } from "./outbox.js";
import { isOf, sampleIn, settle, shownAnswer, stoodOf } from "./question_acts.js";

export class GivenAnswers {
  /**
   * `items()`: what the desk has, in which a sample is looked up by its number.
   * @param {import("./outbox.js").Outbox} outbox
   * @param {import("./ledger.js").Ledger} ledger
   * @param {import("./stopwatch.js").Stopwatch} stopwatch
   * @param {() => Item[]} items
   */
  constructor(outbox, ledger, stopwatch, items) {
    this.outbox = outbox;
    this.ledger = ledger;
    this.stopwatch = stopwatch;
    this.items = items;
  }

  /** What waits in this browser. */
  get acts() {
    const { held, acts } = this.outbox;
    return [...held, ...acts].map(({ act }) => act);
  }

  /**
   * The answers about a sample, by the number of the question.
   * @param {Sample} sample
   * @returns {AnswersGiven}
   */
  of(sample) {
    stoodOf(sample);
    return (sample.answers ||= {});
  }

  /**
   * Show what waits for these questions, whatever the server knew when it gave the sample.
   * @param {Sample} sample
   * @param {Question[]} questions
   */
  settle(sample, questions) {
    for (const { id } of questions) settle(sample, id, this.acts);
  }

  /**
   * Send an answer; null takes it back. What waits for the same question need not be sent any more.
   * @param {Question} question
   * @param {AnswerValue | null} value
   * @param {Sample} target
   * @param {Item | undefined} item what the desk shows, to which an undo goes back; undefined: it cannot be undone
   */
  give(question, value, target, item) {
    const slot = { sample_id: target.sample_id, question_id: question.id };
    const act = { client_id: newId(), kind: "answer", ...slot, value, seconds: this.stopwatch.seconds };
    const stood = shownAnswer(stoodOf(target)[question.id], this.acts, slot);
    const { client_id, kind } = act;
    if (item) this.ledger.add({ kind, client_id, item, target, before: null, question, stood });
    this.outbox.replace((waiting) => isOf(waiting, slot));
    this.outbox.push(act);
    this.settle(target, [question]);
  }

  /**
   * The server has an answer.
   * @param {Act} act
   */
  sent(act) {
    const sample = sampleIn(this.items(), act.sample_id);
    if (sample) stoodOf(sample)[act.question_id] = act.value;
  }

  /**
   * An answer was not taken: what stood before is shown. Returns its sample, and whether no later answer waits.
   * @param {Act} act
   */
  refused(act) {
    const { sample_id, question_id } = act;
    const sample = sampleIn(this.items(), sample_id);
    if (sample) settle(sample, question_id, this.acts);
    const isLast = !this.acts.some((waiting) => isOf(waiting, { sample_id, question_id }));
    return { sample, isLast };
  }
}
