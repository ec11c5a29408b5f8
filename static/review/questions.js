// @ts-check
// The project's own questions, answered beside the verdict: by keys while one is open, or by clicks.

import { gettext } from "../gettext.js";
import { keyName } from "./elements.js";
import { following, lacking, putFirst, textOf } from "./question_acts.js";
import { GivenAnswers } from "./question_answers.js";
import { Choices } from "./question_choices.js";
import { KeyedQuestions, press } from "./question_keys.js";
import { panel } from "./question_panel.js";
import { Texts } from "./question_texts.js";
import { doneWords, firstWords, lackingWords, openWords } from "./question_words.js";
import { placeOf } from "./spans.js";

/** What is sent without an answer to a required question. */
const WITHOUT = ["skip", "flag", "note", "retract"];

/**
 * What the questions need. `title(n)`: what the n-th sample of a group is called on screen. `given(item)`: an answer is
 * on its way. `typed()`: a text is being written.
 * @typedef {{review: import("./review.js").Review, questions: Question[],
 *   parts: {facts: HTMLElement, answer: HTMLElement}, work: import("./work.js").Work,
 *   status: import("./status.js").Status, bindings: import("./keys.js").Bindings,
 *   outbox: import("./outbox.js").Outbox, ledger: import("./ledger.js").Ledger,
 *   stopwatch: import("./stopwatch.js").Stopwatch, items: () => Item[], title: (n: number) => string,
 *   given: (item: Item | undefined) => void, typed: () => void}} QuestionNeeds
 */

export class Questions {
  /** @param {QuestionNeeds} needs */
  constructor({ review, questions, parts, work, status, bindings, outbox, ledger, stopwatch, items, ...how }) {
    this.review = review;
    this.answer = parts.answer;
    this.work = work;
    this.status = status;
    this.bindings = bindings;
    this.ledger = ledger;
    this.title = how.title;
    this.noteGiven = how.given;
    this.noteTyped = how.typed;
    this.given = new GivenAnswers(outbox, ledger, stopwatch, items);
    /** @type {Question[]} */
    this.all = questions.filter(({ is_active }) => is_active);
    /** The place of the open question; -1 where none is, and all keys are the verdict's. */
    this.at = -1;
    /** Whether the first unanswered question opens with each item. */
    this.isOpen = false;
    /** What the desk shows: one sample, or a group. @type {Item | undefined} */
    this.entry = undefined;
    /** The sample that is asked about; of a group none until one is chosen. @type {Sample | undefined} */
    this.item = undefined;
    /** Of groups the sample asked about last. @type {WeakMap<Item, Sample>} */
    this.about = new WeakMap();
    this.keyed = new KeyedQuestions();
    /** Whether another key than a digit came after the last question. */
    this.isDone = false;
    /** The sample whose decision was refused until its required questions are answered. @type {Sample | undefined} */
    this.refusedFor = undefined;
    this.texts = new Texts({
      me: review.me,
      answers: () => this.answers,
      mayAnswer: () => this.mayAnswer,
      give: (question, value) => this.give(question, value),
    });
    this.choices = new Choices({
      status,
      answers: () => this.answers,
      give: (question, value) => this.give(question, value),
      goOn: () => this.goOn(),
      selected: () => (this.item ? placeOf(this.item.text, textOf(this.answer, this.item)) : ""),
    });
    this.panel = panel(this);
    parts.facts.after(this.panel.place);
    if (!this.all.length) return;
    document.addEventListener("keydown", (event) => press(this, event), true);
    parts.answer.addEventListener("focusin", (event) => {
      const column = /** @type {HTMLElement} */ (event.target).closest(".column");
      const id = Number(/** @type {HTMLElement | null} */ (column)?.dataset.sample);
      const sample = this.entry?.members?.find(({ sample_id }) => sample_id === id);
      this.turn(sample, { isQuiet: true });
    });
  }

  get current() {
    return this.all[this.at];
  }

  /** Answers are taken beside an edit, too: a required one may be what the edit waits for. */
  get mayAnswer() {
    return Boolean(this.item) && this.review.isOpen;
  }

  /**
   * The person's answers about the sample that is asked about, by the number of the question.
   * @returns {AnswersGiven}
   */
  get answers() {
    return this.item ? this.given.of(this.item) : {};
  }

  /** Whether a digit now may be meant for a question that was answered before. */
  get awaitsKey() {
    return this.isOpen && !this.isDone && this.all.some(({ id }) => !this.keyed.of(this.item).has(id));
  }

  /** A key came that is no digit: from here on digits are the verdict's. */
  endKeys() {
    this.isDone = true;
  }

  /** What the sample of a group that is asked about is called; empty where there is one sample alone. */
  get name() {
    const n = this.item ? (this.entry?.members || []).indexOf(this.item) : -1;
    return n < 0 ? "" : this.title(n);
  }

  /** What is open, in words. */
  get spoken() {
    if (!this.current) return "";
    return openWords({ number: this.at + 1, count: this.all.length, name: this.name, title: this.current.title });
  }

  /** @param {Item | undefined} item */
  show(item) {
    // While the fields are those of the item before.
    this.texts.give();
    this.entry = item;
    this.item = item?.members ? this.about.get(item) : item;
    // No key was pressed since the item came.
    this.isDone = false;
    this.refusedFor = undefined;
    if (!this.all.length) return;
    for (const sample of item?.members || (item ? [item] : [])) this.given.settle(sample, this.all);
    this.at = this.isOpen && this.item ? this.unanswered() : -1;
    this.panel.draw();
    this.focus();
  }

  /**
   * Ask about this sample of the group. `isQuiet`: the focus stays, and digits mean what they meant.
   * @param {Sample | undefined} sample
   * @param {{isQuiet?: boolean}} how
   */
  turn(sample, { isQuiet = false } = {}) {
    if (!sample || !this.entry?.members || !this.all.length) return;
    if (sample !== this.item) {
      this.texts.give();
      this.about.set(this.entry, sample);
      this.item = sample;
      this.isDone = isQuiet;
      const opens = this.isOpen && (!isQuiet || this.at >= 0);
      this.at = opens ? this.unanswered() : -1;
      this.panel.draw();
      if (this.spoken) this.status.announce(this.spoken);
    }
    if (!isQuiet) this.focus();
  }

  /** The first question without an answer; -1 where all have one. */
  unanswered() {
    return this.all.findIndex(({ id }) => !this.answers[id]);
  }

  /** The key for it: opens the first unanswered question, closes what is open. */
  toggle() {
    if (!this.all.length || !this.entry)
      return this.status.hint(gettext("This project asks no questions of its own here."));
    if (this.at >= 0) return this.close();
    this.isOpen = true;
    this.refusedFor = undefined;
    if (!this.item) this.turn(this.entry.members?.[0]);
    return this.open(Math.max(0, this.unanswered()));
  }

  /** @param {number} at */
  open(at) {
    this.texts.give();
    this.at = at;
    this.panel.draw();
    this.focus();
    if (this.spoken) this.status.announce(this.spoken);
  }

  close() {
    this.isOpen = false;
    this.open(-1);
  }

  /** Keys go where the focus is: into the open question, or back to what is written or decided. */
  focus() {
    this.panel.focus(this.work.field || this.answer);
  }

  /**
   * On from the open question: to the next one that wants an answer, or to the verdict. After a refused decision only
   * what is required holds it up, and the next digit is the verdict's.
   */
  goOn() {
    const isRefused = Boolean(this.item) && this.refusedFor === this.item;
    this.open(isRefused ? lacking(this.all, this.answers) : following(this.all, this.answers, this.at));
    if (isRefused && this.at < 0) {
      this.isDone = true;
      this.refusedFor = undefined;
    }
    if (this.at >= 0) return;
    this.status.hint(doneWords({ isComplete: this.unanswered() < 0, isWriting: this.work.isBegun }));
  }

  /**
   * Whether a verdict has to wait for an answer; says so, and opens the question. Of a group the sample that is put
   * first has to be asked about.
   * @param {string} kind
   * @param {Sample | undefined} item
   * @param {any} value
   */
  stops(kind, item, value = null) {
    if (!item || item !== this.entry) return false;
    this.texts.give();
    const sample = this.entry.members ? putFirst(this.entry, value) : item;
    if (!sample || WITHOUT.includes(kind)) return false;
    const at = lacking(this.all, sample.answers);
    if (at < 0) return false;
    this.isOpen = true;
    this.turn(sample);
    this.refusedFor = sample;
    this.open(at);
    this.status.hint(lackingWords(this.all[at].title, this.name, kind === "edit"));
    return true;
  }

  /**
   * What comes after a choice in a group, in words: a required answer about the sample that is put first, or to submit.
   * @param {Item} group
   * @param {any} value
   */
  afterChoice(group, value) {
    const sample = putFirst(group, value);
    const question = sample && this.all[lacking(this.all, sample.answers)];
    if (!question) return gettext("Submit it.");
    const { title } = question;
    const key = sample === this.item && this.at < 0 ? this.bindings.first("question") : "";
    return firstWords(title, keyName(key));
  }

  /**
   * Answer a question; null takes the answer back.
   * @param {Question} question
   * @param {AnswerValue | null} value
   * @param {{item?: Sample, isUndo?: boolean}} how
   */
  give(question, value, { item = this.item, isUndo = false } = {}) {
    if (!item || !this.review.isOpen) return;
    this.given.give(question, value, item, isUndo ? undefined : this.entry);
    this.panel.draw();
    this.noteGiven(this.entry);
  }

  /** What was answered before stands again. @param {Done} entry */
  undo(entry) {
    this.ledger.forget(entry);
    this.about.set(entry.item, entry.target);
    if (entry.question) this.give(entry.question, entry.stood ?? null, { item: entry.target, isUndo: true });
  }

  /** The text of a question is complete. @param {number} at */
  saveText(at = this.at) {
    this.at = at;
    if (this.current) this.texts.save(this.current);
    this.goOn();
  }

  /**
   * A choice was clicked, of whichever question.
   * @param {number} at
   * @param {number} number
   */
  click(at, number) {
    this.texts.give();
    this.at = at;
    this.choices.choose(this.all[at], number);
    this.panel.draw();
  }

  /** The server has an answer. @param {Act} act */
  sent(act) {
    this.given.sent(act);
  }

  /**
   * An answer was not taken: what stood before is shown, and a text that was written waits in its field.
   * @param {Act} act
   */
  refused(act) {
    const { sample, isLast } = this.given.refused(act);
    if (act.value?.text && isLast) this.texts.keepRefused(act.sample_id, act.question_id, act.value.text);
    if (sample && sample === this.item) this.panel.draw();
  }
}
