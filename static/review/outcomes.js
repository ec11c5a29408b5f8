// @ts-check
// What came of decisions that is not as it was shown: refused, late, settled by others. It adds up until it was read.

import { gettext } from "../gettext.js";
import { make } from "./elements.js";

const NAMED = 8;

/**
 * @typedef {"refused" | "unanswered" | "late" | "settled" | "elsewhere"} Kind
 * @typedef {{kind: Kind, why: string, ids: number[]}} Outcome
 * @typedef {{sample_id: number, text?: string, note?: string}} Written
 */
/** @type {Record<Kind, (id: number, why: string) => string>} */
const ONE = {
  refused: (id, why) => gettext("Your decision on sample {id} was not saved. {why}", { id, why }),
  unanswered: (id, why) => gettext("Your answer on sample {id} was not saved. {why}", { id, why }),
  late: (id, why) => gettext("Your decision on sample {id} came late. {why}", { id, why }),
  settled: (id, why) => gettext("Sample {id}: {why}", { id, why }),
  elsewhere: (id, why) =>
    gettext(
      "You had decided sample {id} elsewhere, in another tab or before a reload; your new word stands instead. It was: {why}",
      { id, why },
    ),
};
/** @type {Record<Kind, (count: number, ids: string, why: string) => string>} */
const SEVERAL = {
  refused: (count, ids, why) =>
    gettext("{count} decisions of yours were not saved (samples {ids}). {why}", { count, ids, why }),
  unanswered: (count, ids, why) =>
    gettext("{count} answers of yours were not saved (samples {ids}). {why}", { count, ids, why }),
  late: (count, ids, why) =>
    gettext("{count} decisions of yours came late (samples {ids}). {why}", { count, ids, why }),
  settled: (_count, ids, why) => gettext("Samples {ids}: {why}", { ids, why }),
  elsewhere: (count, ids, why) =>
    gettext(
      "You had decided {count} samples elsewhere, in another tab or before a reload ({ids}); your new words stand instead. They were: {why}",
      { count, ids, why },
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
    const ok = make("button.rondo-quiet", { type: "button", onclick: () => this.clear() }, gettext("OK"));
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
    const onclick = () => this.reopen(act);
    const again = this.mayEdit() && make("button.rondo-quiet", { type: "button", onclick }, gettext("Edit it again"));
    const title = act.text
      ? gettext("Your text for sample {id} is kept in this browser", { id })
      : gettext("Your note for sample {id} is kept in this browser", { id });
    return make("details", {}, make("summary", {}, title), box, again ? make("p.rondo-toolbar", {}, again) : null);
  }
}

/** @param {Outcome} outcome */
function inWords({ kind, why, ids }) {
  if (!ids.length) return why;
  if (ids.length === 1) return ONE[kind](ids[0], why);
  const shown = ids.slice(0, NAMED).join(", ");
  const more = ids.length - NAMED;
  return SEVERAL[kind](ids.length, more > 0 ? gettext("{ids} and {more} more", { ids: shown, more }) : shown, why);
}
