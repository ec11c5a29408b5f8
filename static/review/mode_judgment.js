// @ts-check
// Is the judge right? Its view stands beside the sample from the start; a wrong one gets a reason by digit.

import { gettext } from "../gettext.js";
import { keyHint, make } from "./elements.js";
import { judgeView } from "./judge.js";

/** @type {Record<Verdict, Verdict>} */
const OPPOSITE = { accept: "reject", reject: "accept" };

export class JudgmentMode {
  /** @param {ModeNeeds} needs */
  constructor({ review, queue, status, bindings, assist, decide, paint }) {
    this.reasons = review.reasons;
    this.queue = queue;
    this.status = status;
    this.bindings = bindings;
    this.assist = assist;
    this.send = decide;
    this.repaint = paint;
    /** @type {Item | null} */
    this.wrong = null;
  }

  /** @returns {ButtonOf[]} */
  get buttons() {
    return [
      ["right", gettext("The judge is right"), "accept"],
      ["wrong", gettext("The judge is wrong"), "reject"],
    ];
  }

  knows() {
    return true;
  }

  /** @param {string} name */
  run(name) {
    const item = this.queue.current;
    if (!item) return false;
    if (name === "right") this.decide(item, true, "");
    else if (name === "wrong") this.choose(item);
    else if (name.startsWith("why_")) {
      if (this.wrong === item) this.decide(item, false, this.reasons[Number(name.slice(4)) - 1]);
      else this.status.hint(gettext("Say first that the judge is wrong; then a digit says why."));
    } else return false;
    return true;
  }

  /**
   * Without a verdict of the judge there is nothing to turn round: right accepts, wrong rejects.
   * @param {Item} item
   * @param {boolean} isRight
   * @param {string} why
   */
  decide(item, isRight, why) {
    const verdict = item.judge?.verdict || null;
    const kind = verdict ? (isRight ? verdict : OPPOSITE[verdict]) : isRight ? "accept" : "reject";
    const value = verdict ? { judge_right: isRight, why } : { judge_right: false, why };
    this.wrong = null;
    this.send(kind, { value });
  }

  /** @param {Item} item */
  choose(item) {
    this.wrong = this.wrong === item ? null : item;
    this.repaint({ keep: true });
  }

  submit() {
    const item = this.queue.current;
    if (!item || this.wrong !== item) return false;
    this.decide(item, false, "");
    return true;
  }

  /** @param {Item} item */
  paint(item) {
    if (this.wrong !== item) this.wrong = null;
    const verdict = item.judge?.verdict;
    const question = verdict
      ? gettext("Is the judge right?")
      : gettext("The judge gave no verdict. Right accepts the sample, wrong rejects it.");
    const reasons = this.wrong ? this.asked(item) : null;
    this.assist.replaceChildren(
      ...(item.judge ? [judgeView(item.judge)] : []),
      reasons || make("p.question", {}, question),
    );
    if (reasons) reasons.scrollIntoView({ block: "nearest" });
  }

  /** @param {Item} item */
  asked(item) {
    const { bindings } = this;
    /** @type {(why: string, n: number) => Node} */
    const button = (why, n) => {
      const hint = keyHint(bindings.first(`why_${n + 1}`));
      return make("button.action", { type: "button", onclick: () => this.decide(item, false, why) }, why, hint);
    };
    const without = make(
      "button.action",
      { type: "button", onclick: () => this.decide(item, false, "") },
      gettext("without a reason"),
      keyHint(bindings.first("submit") || "Enter"),
    );
    return make(
      "div.reasons",
      { role: "group", "aria-label": gettext("Why is it wrong?") },
      make("b", {}, gettext("Why is it wrong?")),
      ...this.reasons.map(button),
      without,
    );
  }
}
