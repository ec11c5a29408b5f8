// @ts-check
// The place of a list in which one decides: opened and closed in a round, its buttons, why nothing is decided there.

import { gettext, pgettext } from "../gettext.js";
import { keyName, make } from "./elements.js";
import { refusal } from "./rest.js";

/** @typedef {import("./keys.js").Bindings} Bindings */

/** In this tab, the round whose list is open. */
export const OPEN = "rondo.labels";
/** @type {Record<string, string>} */
const SHORT = { flag: gettext("Flag"), undo: gettext("Undo") };
/** @type {Record<string, string>} */
const MODES = {
  group: pgettext("review mode", "group"),
  pair: pgettext("review mode", "pair"),
  judgment: pgettext("review mode", "judgment"),
};
/** @type {Record<string, string>} */
const CLOSED = {
  not_reviewed: gettext("This round was launched without people's review: the judge's labels stand."),
  before_review: gettext("This round comes to its review once its samples are made and judged."),
  ended: gettext("This round ended before its review."),
};

/**
 * The number of the round whose list an address of REST gives; empty where it gives none.
 * @param {string | undefined} address
 */
export const roundOf = (address) => /^\/rounds\/(\d+)\//.exec(address || "")?.[1] || "";

/**
 * Why nothing is decided in the list of a round; empty where something is.
 * @param {any} opened as the server opens the desk
 * @returns {string}
 */
export function unable({ desk, empty }) {
  if (!desk) return empty;
  const { round, mode, questions } = desk;
  if (!round.is_open) return CLOSED[round.closed_because] || round.why_closed;
  if (mode !== "sample")
    return gettext("This round is reviewed in the mode {mode}, not sample by sample. Decide at the review desk.", {
      mode: MODES[mode] ?? mode,
    });
  const required = questions.find((/** @type {Question} */ question) => question.is_active && question.is_required);
  if (!required) return "";
  return gettext(
    "Each decision here needs an answer to “{title}”, which a list does not ask. Decide at the review desk.",
    { title: required.title },
  );
}

/**
 * Why not, with the way to the desk on the same round.
 * @param {string} why
 * @param {string} round
 * @returns {(string | HTMLElement)[]}
 */
const toDesk = (why, round) => [`${why} `, make("a", { href: `review?round=${round}` }, gettext("Open its review"))];

/**
 * A button of what a key does.
 * @param {string} name
 * @param {Bindings} bindings
 * @param {() => void} onclick
 */
export function actButton(name, bindings, onclick) {
  const { label } = bindings.byName.get(name) || { label: name };
  const key = bindings.first(name);
  return make(
    `button.${name}`,
    { type: "button", title: label, onclick },
    SHORT[name] || label,
    key ? make("kbd", {}, keyName(key)) : null,
  );
}

export class ListPlace {
  /**
   * `open(asked)` opens the list at this address of REST, `close()` ends it, `ask(round)` resolves to the round's desk
   * as the server opens it.
   * @param {HTMLElement} element
   * @param {{open: (asked: string | undefined) => void, close: () => void, ask: (round: string) => Promise<any>}} how
   */
  constructor(element, { open, close, ask }) {
    this.element = element;
    this.open = open;
    this.close = close;
    this.ask = ask;
    this.isOn = false;
    /** The address of the list that was opened last. @type {string | undefined} */
    this.asked = undefined;
    /** The round of which it was asked last whether one decides there. @type {string | undefined} */
    this.checked = undefined;
    const onclick = () => this.turn();
    this.toggle = make("button.rondo-quiet", { type: "button", onclick }, gettext("Label here"));
    this.toggle.setAttribute("aria-pressed", "false");
    this.state = make("p.rondo-muted", { role: "status" });
    this.hinted = make("span.hint.rondo-muted", { role: "status" });
    this.message = make("p.why", { hidden: true });
    this.bar = make("div.rondo-toolbar", { hidden: true });
    this.list = make("ol", { role: "listbox", tabIndex: 0, hidden: true, "aria-label": gettext("Samples to label") });
    element.replaceChildren(make("div.head", {}, this.toggle, this.state), this.message, this.bar, this.list);
  }

  /** The list that the page shows now, as REST gives it; empty where it shows none, undefined before it is drawn. */
  get wanted() {
    return /** @type {HTMLElement | null} */ (document.querySelector("#samples-labels"))?.dataset.rest;
  }

  /** What the page does with its list: that of another round begins as a table, with whether one decides there. */
  follow() {
    const round = roundOf(this.wanted);
    if (this.isOn && this.asked !== undefined && roundOf(this.asked) !== round) this.turn();
    else if (!this.isOn && round && sessionStorage.getItem(OPEN) === round) this.turn();
    else if (this.isOn && this.asked !== this.wanted) this.openWanted();
    if (!this.isOn && (round !== this.checked || this.toggle.disabled)) this.check(round);
  }

  openWanted() {
    this.asked = this.wanted;
    this.open(this.asked);
  }

  /** @param {string} round */
  async check(round) {
    this.checked = round;
    const opened = round ? await this.ask(round) : null;
    if (this.isOn || round !== roundOf(this.wanted) || (round && refusal(opened))) return;
    this.forbid(round ? unable(opened) : "", round);
  }

  /**
   * The button is of no use, and why; without a reason it is.
   * @param {string} why
   * @param {string} round
   */
  forbid(why, round) {
    this.toggle.disabled = Boolean(why);
    this.tell(...(why ? toDesk(why, round) : []));
  }

  turn() {
    this.isOn = !this.isOn;
    // A reload opens what was open, whatever link led here first.
    if (location.hash === "#label") history.replaceState(history.state, "", location.pathname + location.search);
    if (!this.isOn) sessionStorage.removeItem(OPEN);
    this.toggle.setAttribute("aria-pressed", String(this.isOn));
    this.toggle.textContent = this.isOn ? gettext("Back to the table") : gettext("Label here");
    for (const part of [this.bar, this.list]) part.hidden = !this.isOn;
    this.tell(this.isOn ? gettext("Opening the list…") : "");
    if (!this.isOn) this.close();
    else if (this.wanted !== undefined) this.openWanted();
  }

  /** @param {...(string | HTMLElement)} words */
  tell(...words) {
    this.state.replaceChildren(...words);
  }

  /** @param {string} words */
  hint(words) {
    this.hinted.textContent = words;
  }
}
