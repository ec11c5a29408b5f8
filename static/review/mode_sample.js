// @ts-check
// One sample at a time: accept, reject, or a score; one key each, or a field where the scale has more than keys.

import { make } from "./elements.js";

const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/;

export class SampleMode {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** Whether scores are typed: the judge has a scale, and it is none of single keys. */
  get isTyped() {
    return Boolean(this.desk.scale) && !this.desk.scores.length;
  }

  /** @returns {ButtonOf[]} */
  get buttons() {
    /** @type {ButtonOf[]} */
    const scores = this.desk.scores.map((score) => [`score_${score}`, String(score), score > 9 ? "" : "score"]);
    /** @type {ButtonOf[]} */
    const typed = this.isTyped ? [["score", "Score…", ""]] : [];
    return [["accept", "Accept", "accept"], ["reject", "Reject", "reject"], ...scores, ...typed];
  }

  /**
   * Whether an action of the list means something in this round.
   * @param {string} name
   */
  knows(name) {
    if (name === "score") return this.isTyped;
    return !name.startsWith("score_") || this.desk.scores.includes(Number(name.slice(6)));
  }

  /** @param {string} name */
  run(name) {
    if (name === "accept" || name === "reject") this.desk.decide(name);
    else if (name === "score") this.ask();
    else if (name.startsWith("score_")) this.desk.decide("score", { score: Number(name.slice(6)) });
    else return false;
    return true;
  }

  /** A field for the score: Enter gives it, Escape leaves. */
  ask() {
    const { desk } = this;
    const { scale } = desk;
    const item = desk.queue.current;
    if (!desk.canAct || !item || !scale) return;
    const [low, high] = scale;
    // Phones have no minus on their pad of numbers.
    const box = make("input", {
      type: "text",
      inputMode: low < 0 ? "text" : "decimal",
      autocomplete: "off",
      size: 8,
      value: item.mine?.score ?? "",
    });
    const said = make("p.said", { role: "status" });
    const save = () => {
      const problem = wrong(box.value.trim(), scale);
      said.textContent = problem;
      if (problem) return box.focus();
      desk.endWork();
      return desk.decide("score", { score: read(box.value) }, item);
    };
    box.addEventListener("input", () => (said.textContent = ""));
    box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") desk.endWork();
      else if (event.key === "Enter" && !event.isComposing) save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    /** @type {(kind: string, label: string, onclick: () => void) => Node} */
    const button = (kind, label, onclick) => make(`button.${kind}`, { type: "button", onclick }, label);
    const buttons = make(
      "p.rondo-toolbar",
      {},
      button("rondo-primary", "Give the score", save),
      button("rondo-quiet", "Leave", () => desk.endWork()),
    );
    desk.beginWork([make("label", {}, `Score, ${low} to ${high} `, box), said, buttons]);
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
  const way = `Give a number from ${low} to ${high}.`;
  if (!text) return `No score is typed. ${way}`;
  if (!NUMBER.test(text)) return `${text} is no number. ${way}`;
  return read(text) < low || read(text) > high ? `${text} is not on the judge's scale. ${way}` : "";
}
