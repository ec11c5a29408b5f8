// @ts-check
// Answering the open question: a choice by its number, a place that is selected, none, or nothing any more.

import { gettext } from "../gettext.js";

/**
 * `answers()`: about the sample that is asked about. `selected()`: the place that is selected in its text, or why there
 * is none. `goOn()`: the question is answered.
 * @typedef {{status: import("./status.js").Status, answers: () => AnswersGiven,
 *   give: (question: Question, value: AnswerValue | null) => void, goOn: () => void,
 *   selected: () => {start: number, end: number} | string}} ChoiceNeeds
 */

export class Choices {
  /** @param {ChoiceNeeds} needs */
  constructor({ status, answers, give, goOn, selected }) {
    this.status = status;
    this.answers = answers;
    this.give = give;
    this.goOn = goOn;
    this.selected = selected;
  }

  /**
   * The choice of this number, from 1.
   * @param {Question} question
   * @param {number} number
   */
  choose(question, number) {
    const { kind, options } = question;
    const label = options.labels[number - 1];
    if (kind === "rating" ? number > options.highest : !label)
      return this.status.hint(gettext("There is no choice {number} here.", { number }));
    if (kind === "spans") return this.mark(question, label);
    if (kind === "labels") return this.switch(question, label);
    this.give(question, kind === "rating" ? { rating: number } : { label });
    return this.goOn();
  }

  /**
   * Choose a label among several, or choose it no more.
   * @param {Question} question
   * @param {string} label
   */
  switch(question, label) {
    const before = this.answers()[question.id]?.labels || [];
    const isOn = before.includes(label);
    const chosen = question.options.labels.filter((other) => (other === label ? !isOn : before.includes(other)));
    this.give(question, { labels: chosen });
    this.status.announce(isOn ? gettext("{label}: not chosen", { label }) : gettext("{label}: chosen", { label }));
  }

  /**
   * Label the place that is selected in the text.
   * @param {Question} question
   * @param {string} label
   */
  mark(question, label) {
    const place = this.selected();
    if (typeof place === "string") return this.status.hint(place);
    const before = this.answers()[question.id]?.spans || [];
    this.give(question, { spans: [...before, { ...place, label }] });
    document.getSelection()?.removeAllRanges();
    return this.status.announce(gettext("Marked: {label}", { label }));
  }

  /**
   * Enter: several labels, or places, are complete, and none is an answer too.
   * @param {Question} question
   */
  confirm(question) {
    if (["labels", "spans"].includes(question.kind) && !this.answers()[question.id])
      this.give(question, { [question.kind]: [] });
    this.goOn();
  }

  /**
   * Take the answer back, and say so: the key for it means something else elsewhere.
   * @param {Question} question
   */
  clear(question) {
    const { id, title } = question;
    if (!this.answers()[id]) return;
    this.give(question, null);
    this.status.hint(gettext("Your answer to “{title}” is taken back.", { title }));
  }
}
