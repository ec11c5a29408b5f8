// @ts-check
// What came of decisions that is not as it was shown: refused, late, settled by others. It adds up until it was read.

import { gettext, ngettext } from "../gettext.js";
import { make, quietButton } from "./elements.js";

const NAMED = 8;

/**
 * @typedef {"refused" | "unanswered" | "late" | "settled" | "elsewhere"} Kind
 * @typedef {{kind: Kind, why: string, ids: number[]}} Outcome
 * @typedef {{sample_id: number, text?: string, note?: string}} Written
 */
/**
 * `id`: of the sample, where it is one. `ids`: of all, as far as they are named.
 * @type {Record<Kind, (count: number, values: {id: number, ids: string, count: string, why: string}) => string>}
 */
const WORDS = {
  refused: (count, values) =>
    ngettext(
      "Your decision on sample {id} was not saved. {why}",
      "{count} decisions of yours were not saved (samples {ids}). {why}",
      count,
      values,
    ),
  unanswered: (count, values) =>
    ngettext(
      "Your answer on sample {id} was not saved. {why}",
      "{count} answers of yours were not saved (samples {ids}). {why}",
      count,
      values,
    ),
  late: (count, values) =>
    ngettext(
      "Your decision on sample {id} came late. {why}",
      "{count} decisions of yours came late (samples {ids}). {why}",
      count,
      values,
    ),
  settled: (count, values) => ngettext("Sample {id}: {why}", "Samples {ids}: {why}", count, values),
  elsewhere: (count, values) =>
    ngettext(
      "You had decided sample {id} elsewhere, in another tab or before a reload; your new word stands instead. It was: {why}",
      "You had decided {count} samples elsewhere, in another tab or before a reload ({ids}); your new words stand instead. They were: {why}",
      count,
      values,
    ),
};

export class Outcomes {
  /**
   * `reopen(act)` goes on with a text that was refused, where `mayEdit()`.
   * @param {HTMLElement} place
   * @param {{reopen: (act: Written) => void, mayEdit: () => boolean}} how
   */
  constructor(place, { reopen, mayEdit }) {
    this.place = place;
    this.reopen = reopen;
    this.mayEdit = mayEdit;
    /** @type {Map<string, Outcome>} */
    this.all = new Map();
    /** @type {Written[]} */
    this.texts = [];
    this.clear();
  }

  clear() {
    this.all = new Map();
    this.texts = [];
    this.place.hidden = true;
    this.place.replaceChildren();
  }

  /**
   * What happened to a decision, and why; the same thing with the same reason is one line.
   * @param {Kind} kind
   * @param {number} sampleId
   * @param {string} why
   */
  tell(kind, sampleId, why) {
    const key = `${kind} ${why}`;
    const outcome = this.all.get(key) || { kind, why, ids: [] };
    if (sampleId) outcome.ids.push(sampleId);
    this.all.set(key, outcome);
    this.draw();
  }

  /**
   * A text or a note that the server did not take stays readable here.
   * @param {Written} act
   */
  keepText(act) {
    this.texts.push(act);
    this.draw();
  }

  draw() {
    const lines = [...this.all.values()].map((outcome) => make("p", {}, inWords(outcome)));
    const ok = quietButton(gettext("OK"), () => this.clear());
    this.place.replaceChildren(...lines, ...this.texts.map((act) => this.text(act)), make("p.rondo-toolbar", {}, ok));
    this.place.hidden = false;
  }

  /** @param {Written} act */
  text(act) {
    const { sample_id: id } = act;
    const box = make("textarea", {
      value: act.text || act.note,
      readOnly: true,
      rows: 4,
      dir: "auto",
      "aria-label": act.text
        ? gettext("Your text for sample {id}", { id })
        : gettext("Your note for sample {id}", { id }),
    });
    const again = this.mayEdit() && quietButton(gettext("Edit it again"), () => this.reopen(act));
    const title = act.text
      ? gettext("Your text for sample {id} is kept in this browser", { id })
      : gettext("Your note for sample {id} is kept in this browser", { id });
    return make("details", {}, make("summary", {}, title), box, again ? make("p.rondo-toolbar", {}, again) : null);
  }
}

/** @param {Outcome} outcome */
function inWords({ kind, why, ids }) {
  if (!ids.length) return why;
  const shown = ids.slice(0, NAMED).join(", ");
  const more = ids.length - NAMED;
  const all = more > 0 ? gettext("{ids} and {more} more", { ids: shown, more }) : shown;
  return WORDS[kind](ids.length, { id: ids[0], ids: all, count: String(ids.length), why });
}
