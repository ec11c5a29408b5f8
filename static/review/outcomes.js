// @ts-check
// What came of decisions that is not as it was shown: refused, late, settled by others. It adds up until it was read.

import { make } from "./elements.js";

const NAMED = 8;

/**
 * @typedef {"refused" | "unanswered" | "late" | "settled" | "elsewhere"} Kind
 * @typedef {{kind: Kind, why: string, ids: number[]}} Line
 * @typedef {{sample_id: number, text?: string, note?: string}} Act
 */
/** @type {Record<Kind, (id: number) => string>} */
const ONE = {
  refused: (id) => `Your decision on sample ${id} was not saved. `,
  unanswered: (id) => `Your answer on sample ${id} was not saved. `,
  late: (id) => `Your decision on sample ${id} came late. `,
  settled: (id) => `Sample ${id}: `,
  elsewhere: (id) =>
    `You had decided sample ${id} elsewhere, in another tab or before a reload; your new word stands instead. It was: `,
};
/** @type {Record<Kind, (count: number, ids: string) => string>} */
const SEVERAL = {
  refused: (count, ids) => `${count} decisions of yours were not saved (samples ${ids}). `,
  unanswered: (count, ids) => `${count} answers of yours were not saved (samples ${ids}). `,
  late: (count, ids) => `${count} decisions of yours came late (samples ${ids}). `,
  settled: (count, ids) => `Samples ${ids}: `,
  elsewhere: (count, ids) =>
    `You had decided ${count} samples elsewhere, in another tab or before a reload (${ids}); your new words stand instead. They were: `,
};

export class Outcomes {
  /**
   * `reopen(act)` goes on with a text that was refused, where `mayEdit()`.
   * @param {HTMLElement} place
   * @param {{reopen: (act: Act) => void, mayEdit: () => boolean}} how
   */
  constructor(place, { reopen, mayEdit }) {
    this.place = place;
    this.reopen = reopen;
    this.mayEdit = mayEdit;
    /** @type {Map<string, Line>} */
    this.lines = new Map();
    /** @type {Act[]} */
    this.texts = [];
    this.clear();
  }

  clear() {
    this.lines = new Map();
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
    const line = this.lines.get(key) || { kind, why, ids: [] };
    if (sampleId) line.ids.push(sampleId);
    this.lines.set(key, line);
    this.draw();
  }

  /**
   * A text or a note that the server did not take stays readable here.
   * @param {Act} act
   */
  keepText(act) {
    this.texts.push(act);
    this.draw();
  }

  draw() {
    const lines = [...this.lines.values()].map((line) => make("p", {}, inWords(line)));
    const ok = make("button.rondo-quiet", { type: "button", onclick: () => this.clear() }, "OK");
    this.place.replaceChildren(...lines, ...this.texts.map((act) => this.text(act)), make("p.rondo-toolbar", {}, ok));
    this.place.hidden = false;
  }

  /** @param {Act} act */
  text(act) {
    const what = act.text ? "text" : "note";
    const box = make("textarea", {
      value: act.text || act.note,
      readOnly: true,
      rows: 4,
      dir: "auto",
      "aria-label": `Your ${what} for sample ${act.sample_id}`,
    });
    const again =
      this.mayEdit() &&
      make("button.rondo-quiet", { type: "button", onclick: () => this.reopen(act) }, "Edit it again");
    return make(
      "details",
      {},
      make("summary", {}, `Your ${what} for sample ${act.sample_id} is kept in this browser`),
      box,
      again ? make("p.rondo-toolbar", {}, again) : null,
    );
  }
}

/** @param {Line} line */
function inWords({ kind, why, ids }) {
  if (!ids.length) return why;
  const named = ids.slice(0, NAMED).join(", ") + (ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "");
  return (ids.length === 1 ? ONE[kind](ids[0]) : SEVERAL[kind](ids.length, named)) + why;
}
