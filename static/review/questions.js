// @ts-check
// The project's own questions, answered beside the verdict: by keys while one is open, or by clicks.

import { newId } from "./outbox.js";
import { panel } from "./question_panel.js";
import { placeOf } from "./spans.js";

/** Where each item is one text. */
const MODES = ["sample", "judgment"];
/** What is sent without an answer to a required question. */
const WITHOUT = ["skip", "flag", "note", "retract"];
/** Failures that are of everything sent, and may pass. */
const OF_ALL = ["NotSignedIn", "Busy", "DatabaseLost", "InternalError", "MissingPrerequisite"];
const LONGEST = 300;

export class Questions {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Question[]} */
    this.all = MODES.includes(desk.opened.mode) ? desk.opened.questions.filter(({ is_active }) => is_active) : [];
    /** The place of the open question; -1 where none is, and all keys are the verdict's. */
    this.at = -1;
    /** Whether the first unanswered question opens with each item. */
    this.isOpen = false;
    /** @type {Item | undefined} */
    this.item = undefined;
    this.panel = panel(this);
    desk.parts.facts.after(this.panel.place);
    if (this.all.length) document.addEventListener("keydown", (event) => this.press(event), true);
  }

  get current() {
    return this.all[this.at];
  }

  /**
   * The person's answers to the item on screen, by the number of the question.
   * @returns {Record<string, any>}
   */
  get answers() {
    if (!this.item) return {};
    this.item.answers ||= {};
    return this.item.answers;
  }

  /**
   * Where a text that was begun and not given is kept in this browser.
   * @param {Question} question
   */
  draftName({ id }) {
    return `rondo.review.answer.${this.desk.me}.${this.item?.sample_id}.${id}`;
  }

  /** @param {Item | undefined} item */
  show(item) {
    this.item = item;
    if (!this.all.length) return;
    // What waits in this browser stands, whatever the server knew when it gave the item.
    for (const { act } of [...this.desk.outbox.held, ...this.desk.outbox.acts])
      if (act.kind === "answer" && act.sample_id === item?.sample_id) this.keep(act.question_id, act.value);
    this.at = this.isOpen ? this.unanswered() : -1;
    this.panel.draw();
    this.focus();
  }

  /**
   * The first question after a place that has no answer; -1 where all have one.
   * @param {number} after
   */
  unanswered(after = -1) {
    const places = this.all.map((_, n) => (after + 1 + n) % this.all.length);
    return places.find((n) => !this.answers[this.all[n].id]) ?? -1;
  }

  /** The key for it: opens the first unanswered question, closes what is open. */
  toggle() {
    if (!this.all.length || !this.item) return this.desk.hint("This project asks no questions of its own here.");
    if (this.at >= 0) return this.close();
    this.isOpen = true;
    return this.open(Math.max(0, this.unanswered()));
  }

  /** @param {number} at */
  open(at) {
    this.giveText();
    this.at = at;
    this.panel.draw();
    this.focus();
  }

  close() {
    this.isOpen = false;
    this.open(-1);
  }

  /** Keys go where the focus is; who hears the page hears the question. */
  focus() {
    const { active } = this.panel;
    if (this.at >= 0 && active) active.focus({ preventScroll: true });
    else if (this.panel.place.contains(document.activeElement)) this.desk.parts.answer.focus({ preventScroll: true });
    if (this.at >= 0) this.panel.place.querySelector(".is-open")?.scrollIntoView({ block: "nearest" });
    if (this.current) this.desk.announce(`Question ${this.at + 1} of ${this.all.length}: ${this.current.title}`);
  }

  /** On from the open question: to the next one without an answer, or to the verdict. */
  goOn() {
    this.open(this.unanswered(this.at));
    if (this.at < 0) this.desk.hint("All questions are answered: decide.");
  }

  /**
   * Whether a verdict has to wait for an answer; says so, and opens the question.
   * @param {string} kind
   * @param {Item | undefined} item
   */
  stops(kind, item) {
    if (!item || item !== this.item) return false;
    this.giveText();
    if (WITHOUT.includes(kind)) return false;
    const at = this.all.findIndex(({ id, is_required }) => is_required && !this.answers[id]);
    if (at < 0) return false;
    this.isOpen = true;
    this.open(at);
    this.desk.hint(`Not sent: “${this.all[at].title}” needs an answer first.`);
    return true;
  }

  /**
   * Answer a question; null takes the answer back.
   * @param {Question} question
   * @param {any} value
   */
  give(question, value) {
    const { desk, item } = this;
    if (!item || !desk.canAct) return;
    this.keep(question.id, value);
    const seconds = Math.min(LONGEST, Math.round(performance.now() - desk.started) / 1000);
    desk.outbox.push({
      client_id: newId(),
      kind: "answer",
      sample_id: item.sample_id,
      question_id: question.id,
      value,
      seconds,
    });
    this.panel.draw();
  }

  /**
   * @param {number} id
   * @param {any} value
   */
  keep(id, value) {
    if (value) this.answers[id] = value;
    else delete this.answers[id];
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { current, desk } = this;
    if (!current || event.isComposing || event.defaultPrevented || desk.work || !desk.canAct) return;
    if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const isWriting = target === this.panel.box;
    const isElsewhere = target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (isElsewhere && !isWriting) return;
    if (!(isWriting ? this.pressInText(event) : this.pressed(current, event))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /**
   * In a text only these keys do not write. False: it is none of them.
   * @param {KeyboardEvent} event
   */
  pressInText({ key, shiftKey }) {
    if (key === "Escape") this.close();
    else if (key === "Enter" && !shiftKey) {
      this.giveText();
      this.goOn();
    } else return false;
    return true;
  }

  /** What stands in the open text field is the answer, once it differs. */
  giveText() {
    const { current, panel: shown } = this;
    if (!current || !shown.box || !this.desk.canAct) return;
    const text = shown.box.value.trim();
    localStorage.removeItem(this.draftName(current));
    if (text !== (this.answers[current.id]?.text || "")) this.give(current, text ? { text } : null);
  }

  /**
   * @param {Question} question
   * @param {KeyboardEvent} event
   */
  pressed(question, event) {
    const { key } = event;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? (/^\d$/.test(key) ? key : "");
    if (event.repeat) return Boolean(digit) || key === "Enter";
    if (key === "Escape") this.close();
    else if (key === "ArrowDown" || key === "ArrowUp") {
      const count = this.all.length;
      this.open((this.at + (key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (key === "Enter") this.confirm(question);
    else if (key === "Backspace" || key === "Delete") this.give(question, null);
    else if (digit && !event.shiftKey) this.choose(question, Number(digit) || 10);
    else return false;
    return true;
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
      return this.give(question, { labels: chosen });
    }
    return this.goOn();
  }

  /**
   * Label the place that is selected in the text.
   * @param {Question} question
   * @param {string} label
   */
  mark(question, label) {
    if (!this.item) return;
    const place = placeOf(this.item.text, this.desk.parts.answer);
    if (!place) {
      this.desk.hint("Select words of the text first. Where they are drawn in several parts, show the raw text.");
      return;
    }
    const before = this.answers[question.id]?.spans || [];
    this.give(question, { spans: [...before, { ...place, label }] });
    document.getSelection()?.removeAllRanges();
  }

  /**
   * Send answers and decisions, each where it belongs; answers first, since they came first. What was written before
   * is not written again.
   * @param {Act[]} acts
   */
  async send(acts) {
    const { rest, address } = this.desk;
    const isAnswer = (/** @type {Act} */ act) => act.kind === "answer";
    /** @type {any[]} */
    const outcomes = [];
    for (const [path, name, some] of /** @type {[string, string, Act[]][]} */ ([
      ["answers", "answers", acts.filter(isAnswer)],
      ["decisions", "decisions", acts.filter((act) => !isAnswer(act))],
    ])) {
      if (!some.length) continue;
      const sent = name === "answers" ? some.map(({ kind: _kind, ...answer }) => answer) : some;
      const answer = await rest.post(`${address}/${path}`, { [name]: sent });
      if (!answer || OF_ALL.includes(answer.error?.type) || some.length === acts.length) {
        if (!answer || answer.error) return answer;
      }
      some.forEach((act, n) => (outcomes[acts.indexOf(act)] = answer.error ? { error: answer.error } : answer[n]));
    }
    return /** @type {any} */ (outcomes);
  }

  /**
   * An answer was not taken: it does not stand, and a text that was written waits in its field.
   * @param {Act} act
   */
  refused(act) {
    const item = this.desk.line.find(act.sample_id);
    if (!item?.answers || item.answers[act.question_id] !== act.value) return;
    delete item.answers[act.question_id];
    const question = this.all.find(({ id }) => id === act.question_id);
    if (item === this.item && question && act.value?.text)
      localStorage.setItem(this.draftName(question), act.value.text);
    this.panel.draw();
  }
}
