// @ts-check
// What a key press means while a project's question is open.

import { gettext } from "../gettext.js";
import { isPressed, isTyping } from "./keys.js";

const ALONE = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock"];

/** @typedef {import("./questions.js").Questions} Questions */

/** The questions that were answered by keys, of each sample. */
export class KeyedQuestions {
  constructor() {
    /** @type {WeakMap<Sample, Set<number>>} */
    this.bySample = new WeakMap();
  }

  /**
   * @param {Sample | undefined} sample
   * @returns {Set<number>} their numbers
   */
  of(sample) {
    const known = (sample && this.bySample.get(sample)) || new Set();
    if (sample) this.bySample.set(sample, known);
    return known;
  }
}

/**
 * The digit that a press types; null where it types none. The pad without NumLock moves.
 * @param {{key: string, code: string, shiftKey: boolean}} press
 */
export function digitOf({ key, code, shiftKey }) {
  if (/^\d$/.test(key)) return Number(key);
  // The row above the letters types signs without Shift on some keyboards.
  const row = /^Digit(\d)$/.exec(code);
  return row && !shiftKey && key.length === 1 ? Number(row[1]) : null;
}

/**
 * Take a press that is the questions', before the verdict's keys get it.
 * @param {Questions} questions
 * @param {KeyboardEvent} event
 */
export function press(questions, event) {
  const { current, work, panel } = questions;
  if (event.isComposing || event.defaultPrevented || !questions.mayAnswer) return;
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  // While a text or a note is written, keys are its letters.
  if (work.isBegun && !panel.place.contains(/** @type {Node} */ (target))) return;
  const isWriting = Boolean(panel.box) && target === panel.box;
  if ((isTyping(target) && !isWriting) || isPressed(target, event.key)) return;
  const isTaken = !current
    ? left(questions, event)
    : isWriting
      ? inText(questions, event)
      : open(questions, current, event);
  if (!isTaken) return;
  const isEnter = event.key === "Enter";
  const isLeft = current && isEnter && !current.is_required;
  if (current && (isEnter || digitOf(event) !== null) && (isLeft || questions.answers[current.id]))
    questions.keyed.of(questions.item).add(current.id);
  event.preventDefault();
  event.stopImmediatePropagation();
}

/**
 * After the last question: fingers that are used to a digit for each question, some of which were answered before,
 * type more of them than there are left. That decides nothing.
 * @param {Questions} questions
 * @param {KeyboardEvent} event
 */
function left(questions, event) {
  if (!questions.awaitsKey || ALONE.includes(event.key)) return false;
  if (digitOf(event) === null) {
    questions.endKeys();
    return false;
  }
  questions.status.hint(gettext("All questions are answered here. Press Esc first to decide by a digit."));
  return true;
}

/**
 * In a text only these keys do not write. False: it is none of them.
 * @param {Questions} questions
 * @param {KeyboardEvent} event
 */
function inText(questions, { key, shiftKey }) {
  if (key === "Escape") questions.close();
  else if (key === "Enter" && !shiftKey) questions.saveText();
  else return false;
  return true;
}

/**
 * @param {Questions} questions
 * @param {Question} question
 * @param {KeyboardEvent} event
 */
function open(questions, question, event) {
  const { key } = event;
  const digit = digitOf(event);
  if (event.repeat) return digit !== null || key === "Enter";
  if (key === "Escape") questions.close();
  else if (questions.name && !event.shiftKey && (key === "ArrowLeft" || key === "ArrowRight"))
    turnBy(questions, key === "ArrowLeft" ? -1 : 1);
  else if (key === "ArrowDown" || key === "ArrowUp") {
    const count = questions.all.length;
    questions.open((questions.at + (key === "ArrowDown" ? 1 : count - 1)) % count);
  } else if (key === "Enter") questions.choices.confirm(question);
  else if (key === "Backspace" || key === "Delete") questions.choices.clear(question);
  else if (digit !== null) questions.choices.choose(question, digit || 10);
  else return false;
  return true;
}

/**
 * To the sample beside the one that is asked about.
 * @param {Questions} questions
 * @param {number} step
 */
function turnBy(questions, step) {
  const members = questions.entry?.members || [];
  const sample = questions.item && members[members.indexOf(questions.item) + step];
  if (!sample) return questions.status.hint(gettext("There is no other sample on this side."));
  questions.turn(sample);
  return questions.open(Math.max(0, questions.unanswered()));
}
