// @ts-check
// Answers that are written: kept in this browser while they are, and given when their field is left.

import { keep, recall } from "./kept.js";

/**
 * What the texts need. `answers()`: about the sample that is asked about. `mayAnswer()`: whether one may be given now.
 * @typedef {{me: number, answers: () => AnswersGiven, mayAnswer: () => boolean,
 *   give: (question: Question, value: AnswerValue | null) => void}} TextNeeds
 */
/** @typedef {{box: HTMLTextAreaElement, question: Question, sample_id: number}} Field */

export class Texts {
  /** @param {TextNeeds} needs */
  constructor({ me, answers, mayAnswer, give }) {
    this.me = me;
    this.answers = answers;
    this.mayAnswer = mayAnswer;
    this.giveAnswer = give;
    /**
     * The fields on screen.
     * @type {Field[]}
     */
    this.fields = [];
    /**
     * What the server refused, by the name of the draft: sent again only when the person says so.
     * @type {Map<string, string>}
     */
    this.refused = new Map();
  }

  /** How many texts stand in their fields and are not given. */
  get count() {
    return this.fields.filter((field) => this.isPending(field)).length;
  }

  /**
   * Where a text that was begun and not given is kept in this browser.
   * @param {{sample_id: number, question: {id: number}}} field
   */
  name({ sample_id, question }) {
    return `rondo.review.answer.${this.me}.${sample_id}.${question.id}`;
  }

  /** @param {Field} field */
  isPending({ box, question }) {
    return box.value.trim() !== (this.answers()[question.id]?.text || "");
  }

  /** @param {Field} field */
  keepDraft(field) {
    keep(this.name(field), this.isPending(field) ? field.box.value : null);
  }

  /**
   * What to show in a field: what was begun, else what was given.
   * @param {Field} field
   * @param {AnswerValue | null | undefined} answer
   */
  shown(field, answer) {
    return recall(this.name(field)) ?? answer?.text ?? "";
  }

  /** What stands in the fields is the answer, once it differs. */
  give() {
    for (const field of this.fields) {
      const name = this.name(field);
      const text = field.box.value.trim();
      if (!this.isPending(field)) keep(name, null);
      else if (this.mayAnswer() && this.refused.get(name) !== text) {
        keep(name, null);
        this.giveAnswer(field.question, text ? { text } : null);
      }
    }
  }

  /**
   * The text of a question is complete. One that was refused is tried again.
   * @param {Question} question
   */
  save(question) {
    for (const field of this.fields) if (field.question === question) this.refused.delete(this.name(field));
    this.give();
  }

  /**
   * A text that was not taken waits in its field, unless another one is begun there.
   * @param {number} sample_id
   * @param {number} id
   * @param {string} text
   */
  keepRefused(sample_id, id, text) {
    const name = this.name({ sample_id, question: { id } });
    if (recall(name) !== null) return;
    keep(name, text);
    this.refused.set(name, text);
  }
}
