// @ts-check
// One sample at a time: accept, reject, or a score; one key each, or a field where the scale has more than keys.

import { gettext } from "../gettext.js";
import { make, primaryButton, quietButton } from "./elements.js";

const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/;

export class SampleMode {
  /** @param {ModeNeeds} needs */
  constructor({ review, queue, work, decide }) {
    this.review = review;
    this.queue = queue;
    this.work = work;
    this.decide = decide;
  }

  /** Whether scores are typed: the judge has a scale, and it is none of single keys. */
  get isTyped() {
    return Boolean(this.review.scale) && !this.review.scores.length;
  }

  /** @returns {ButtonOf[]} */
  get buttons() {
    /** @type {ButtonOf[]} */
    const scores = this.review.scores.map((score) => [`score_${score}`, String(score), score > 9 ? "" : "score"]);
    /** @type {ButtonOf[]} */
    const typed = this.isTyped ? [["score", gettext("Score…"), ""]] : [];
    return [["accept", gettext("Accept"), "accept"], ["reject", gettext("Reject"), "reject"], ...scores, ...typed];
  }

  /**
   * Whether an action of the list means something in this round.
   * @param {string} name
   */
  knows(name) {
    if (name === "score") return this.isTyped;
    return !name.startsWith("score_") || this.review.scores.includes(Number(name.slice(6)));
  }

  /** @param {string} name */
  run(name) {
    if (name === "accept" || name === "reject") this.decide(name);
    else if (name === "score") this.ask();
    else if (name.startsWith("score_")) this.decide("score", { score: Number(name.slice(6)) });
    else return false;
    return true;
  }

  /** A field for the score: Enter gives it, Escape leaves. */
  ask() {
    const { work } = this;
    const { scale, isOpen } = this.review;
    const item = this.queue.current;
    if (!isOpen || work.isBegun || !item || !scale) return;
    const [low, high] = scale;
    // Phones have no minus on their pad of numbers.
    const box = make("input", {
      type: "text",
      inputMode: low < 0 ? "text" : "decimal",
      autocomplete: "off",
      size: 8,
      value: item.mine?.score ?? "",
    });
    const problemLine = make("p.said", { role: "status" });
    const save = () => {
      const problem = wrong(box.value.trim(), scale);
      problemLine.textContent = problem;
      if (problem) return box.focus();
      work.end();
      return this.decide("score", { score: read(box.value) }, item);
    };
    box.addEventListener("input", () => (problemLine.textContent = ""));
    box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") work.end();
      else if (event.key === "Enter" && !event.isComposing) save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const buttons = make(
      "p.rondo-toolbar",
      {},
      primaryButton(gettext("Give the score"), save),
      quietButton(gettext("Leave"), () => work.end()),
    );
    const label = gettext("Score, {low} to {high}", { low, high });
    work.begin([make("label", {}, `${label} `, box), problemLine, buttons]);
    box.scrollIntoView({ block: "nearest" });
    box.select();
    box.focus();
  }

  submit() {
    return false;
  }

  paint() {}
}

/** @param {string} text */
const read = (text) => Number(text.trim().replace(",", "."));

/**
 * What is wrong with a typed score; empty where nothing is.
 * @param {string} text
 * @param {[number, number]} scale
 */
function wrong(text, [low, high]) {
  const values = { text, low, high };
  if (!text) return gettext("No score is typed. Give a number from {low} to {high}.", values);
  if (!NUMBER.test(text)) return gettext("{text} is no number. Give a number from {low} to {high}.", values);
  return read(text) < low || read(text) > high
    ? gettext("{text} is not on the judge's scale. Give a number from {low} to {high}.", values)
    : "";
}
