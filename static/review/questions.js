// @ts-check
// The project's own questions, answered beside the verdict: by keys while one is open, or by clicks.

import { keyName } from "./elements.js";
import { newId } from "./outbox.js";
import { following, isOf, lacking, putFirst, sampleIn, settle, shownAnswer, stoodOf, textOf } from "./question_acts.js";
import { press } from "./question_keys.js";
import { panel } from "./question_panel.js";
import { Texts } from "./question_texts.js";
import { placeOf } from "./spans.js";

/** What is sent without an answer to a required question. */
const WITHOUT = ["skip", "flag", "note", "retract"];
const LONGEST = 300;

export class Questions {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Question[]} */
    this.all = desk.opened.questions.filter(({ is_active }) => is_active);
    /** The place of the open question; -1 where none is, and all keys are the verdict's. */
    this.at = -1;
    /** Whether the first unanswered question opens with each item. */
    this.isOpen = false;
    /**
     * What the desk shows: one sample, or a group.
     * @type {Item | undefined}
     */
    this.entry = undefined;
    /**
     * The sample that is asked about; of a group none until one is chosen.
     * @type {Sample | undefined}
     */
    this.item = undefined;
    /**
     * Of groups the sample asked about last.
     * @type {WeakMap<Item, Sample>}
     */
    this.about = new WeakMap();
    /**
     * The questions answered by keys, by sample.
     * @type {WeakMap<Sample, Set<number>>}
     */
    this.byKeys = new WeakMap();
    /** Whether another key than a digit came after the last question. */
    this.isDone = false;
    /**
     * The sample whose decision was refused until its required questions are answered.
     * @type {Sample | undefined}
     */
    this.refusedFor = undefined;
    this.texts = new Texts(this);
    this.panel = panel(this);
    desk.parts.facts.after(this.panel.place);
    if (!this.all.length) return;
    document.addEventListener("keydown", (event) => press(this, event), true);
    desk.parts.answer.addEventListener("focusin", (/** @type {any} */ event) => {
      const id = Number(event.target.closest(".column")?.dataset.sample);
      this.turn(
        this.entry?.members?.find(({ sample_id }) => sample_id === id),
        { isQuiet: true },
      );
    });
  }

  get current() {
    return this.all[this.at];
  }

  /** Answers are taken beside an edit, too: a required one may be what the edit waits for. */
  get mayAnswer() {
    return Boolean(this.item) && this.desk.round.is_open;
  }

  /**
   * The person's answers about the sample that is asked about, by the number of the question.
   * @returns {Record<string, any>}
   */
  get answers() {
    if (!this.item) return {};
    stoodOf(this.item);
    return (this.item.answers ||= {});
  }

  /** @returns {Set<number>} */
  get typed() {
    const { item } = this;
    if (!item) return new Set();
    const known = this.byKeys.get(item) || new Set();
    this.byKeys.set(item, known);
    return known;
  }

  /** Whether a digit now may be meant for a question that was answered before. */
  get awaitsKey() {
    return this.isOpen && !this.isDone && this.all.some(({ id }) => !this.typed.has(id));
  }

  /** Which sample of a group is asked about, in words. */
  get named() {
    const n = this.item ? (this.entry?.members || []).indexOf(this.item) : -1;
    return n < 0 ? "" : `sample ${this.desk.mode.title?.(n) || ""}`;
  }

  /** What is open, in words. */
  get spoken() {
    const about = this.named && ` about ${this.named}`;
    return this.current ? `Question ${this.at + 1} of ${this.all.length}${about}: ${this.current.title}` : "";
  }

  /** What waits in this browser. */
  get acts() {
    const { held, acts } = this.desk.outbox;
    return [...held, ...acts].map(({ act }) => act);
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
    for (const one of item?.members || (item ? [item] : [])) for (const { id } of this.all) settle(one, id, this.acts);
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
      if (this.spoken) this.desk.announce(this.spoken);
    }
    if (!isQuiet) this.focus();
  }

  /**
   * To the sample beside the one that is asked about.
   * @param {number} step
   */
  turnBy(step) {
    const members = this.entry?.members || [];
    const sample = this.item && members[members.indexOf(this.item) + step];
    if (!sample) return this.desk.hint("There is no other sample on this side.");
    this.turn(sample);
    return this.open(Math.max(0, this.unanswered()));
  }

  /** The first question without an answer; -1 where all have one. */
  unanswered() {
    return this.all.findIndex(({ id }) => !this.answers[id]);
  }

  /** The key for it: opens the first unanswered question, closes what is open. */
  toggle() {
    if (!this.all.length || !this.entry) return this.desk.hint("This project asks no questions of its own here.");
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
    if (this.spoken) this.desk.announce(this.spoken);
  }

  close() {
    this.isOpen = false;
    this.open(-1);
  }

  /** Keys go where the focus is: into the open question, or back to what is written or decided. */
  focus() {
    const { active, place } = this.panel;
    const { answer, work } = this.desk.parts;
    const now = document.activeElement;
    if (this.at >= 0 && active) {
      if (!place.querySelector(".is-open")?.contains(now) || this.panel.box) active.focus({ preventScroll: true });
      place.querySelector(".is-open")?.scrollIntoView({ block: "nearest" });
    } else if (place.contains(now)) {
      const fields = "textarea, input, button";
      const writing = this.desk.work && (answer.querySelector(fields) || work.querySelector(fields));
      (writing || answer).focus({ preventScroll: true });
    }
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
    const state = this.unanswered() < 0 ? "All questions are answered" : "No other question needs an answer";
    if (this.at < 0) this.desk.hint(`${state}: ${this.desk.work ? "save what you write" : "decide"}.`);
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
    const what = `“${this.all[at].title}” needs an answer ${this.named && `about ${this.named} `}first.`;
    this.desk.hint(kind === "edit" ? what : `Not sent: ${what}`);
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
    if (!question) return "Submit it.";
    const key = sample === this.item && this.at < 0 ? this.desk.bindings.first("question") : "";
    return `Answer “${question.title}” first${key && ` (${keyName(key)})`}.`;
  }

  /**
   * Answer a question; null takes the answer back. What waits for the same question need not be sent any more.
   * @param {Question} question
   * @param {any} value
   * @param {{item?: Sample, isUndo?: boolean}} how
   */
  give(question, value, { item = this.item, isUndo = false } = {}) {
    const { desk } = this;
    if (!item || !desk.round.is_open) return;
    const slot = { sample_id: item.sample_id, question_id: question.id };
    const seconds = Math.min(LONGEST, Math.round(performance.now() - desk.started) / 1000);
    const act = { client_id: newId(), kind: "answer", ...slot, value, seconds };
    const stood = shownAnswer(stoodOf(item)[question.id], this.acts, slot);
    const { client_id, kind } = act;
    if (!isUndo && this.entry)
      desk.done.push({ kind, client_id, item: this.entry, target: item, before: null, question, stood });
    desk.outbox.replace((one) => isOf(one, slot));
    desk.outbox.push(act);
    desk.sayHeld();
    settle(item, question.id, this.acts);
    this.panel.draw();
    if (this.entry?.members) desk.tellChoice();
  }

  /**
   * What was answered before stands again.
   * @param {Done} entry
   */
  undo(entry) {
    this.desk.done = this.desk.done.filter((one) => one !== entry);
    this.about.set(entry.item, entry.target);
    if (entry.question) this.give(entry.question, entry.stood ?? null, { item: entry.target, isUndo: true });
  }

  /**
   * Take the answer back, and say so: the key for it means something else elsewhere.
   * @param {Question} question
   */
  clear(question) {
    if (!this.answers[question.id]) return;
    this.give(question, null);
    this.desk.hint(`Your answer to “${question.title}” is taken back.`);
  }

  /** The text of the open question is complete. */
  saveText() {
    if (this.current) this.texts.save(this.current);
    this.goOn();
  }

  /**
   * Enter: several labels, or places, are complete, and none is an answer too.
   * @param {Question} question
   */
  confirm(question) {
    if (["labels", "spans"].includes(question.kind) && !this.answers[question.id])
      this.give(question, { [question.kind]: [] });
    this.goOn();
  }

  /**
   * A choice was clicked, of whichever question.
   * @param {number} at
   * @param {number} n
   */
  click(at, n) {
    this.texts.give();
    this.at = at;
    this.choose(this.all[at], n);
    this.panel.draw();
  }

  /**
   * The choice of this number, from 1.
   * @param {Question} question
   * @param {number} n
   */
  choose(question, n) {
    const { kind, options } = question;
    const label = options.labels[n - 1];
    if (kind === "rating" ? n > options.highest : !label) return this.desk.hint(`There is no choice ${n} here.`);
    if (kind === "rating") this.give(question, { rating: n });
    else if (kind === "label") this.give(question, { label });
    else if (kind === "spans") return this.mark(question, label);
    else {
      const before = this.answers[question.id]?.labels || [];
      const isOn = before.includes(label);
      const chosen = options.labels.filter((one) => (one === label ? !isOn : before.includes(one)));
      this.give(question, { labels: chosen });
      return this.desk.announce(`${label}: ${isOn ? "not chosen" : "chosen"}`);
    }
    return this.goOn();
  }

  /**
   * Label the place that is selected in the text.
   * @param {Question} question
   * @param {string} label
   */
  mark(question, label) {
    if (!this.item) return undefined;
    const place = placeOf(this.item.text, textOf(this.desk.parts.answer, this.item));
    if (typeof place === "string") return this.desk.hint(place);
    const before = this.answers[question.id]?.spans || [];
    this.give(question, { spans: [...before, { ...place, label }] });
    document.getSelection()?.removeAllRanges();
    return this.desk.announce(`Marked: ${label}`);
  }

  /**
   * The server has an answer.
   * @param {Act} act
   */
  sent(act) {
    const item = sampleIn(this.desk.queue.items, act.sample_id);
    if (item) stoodOf(item)[act.question_id] = act.value;
  }

  /**
   * An answer was not taken: what stood before is shown, and a text that was written waits in its field.
   * @param {Act} act
   */
  refused(act) {
    const item = sampleIn(this.desk.queue.items, act.sample_id);
    if (item) settle(item, act.question_id, this.acts);
    const isLast = !this.acts.some((one) => isOf(one, /** @type {any} */ (act)));
    if (act.value?.text && isLast) this.texts.keepRefused(act.sample_id, act.question_id, act.value.text);
    if (item && item === this.item) this.panel.draw();
  }
}
