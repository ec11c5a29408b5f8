// @ts-check
// A row of a list in which one decides in place, as elements. Texts go in by textContent.

import { gettext } from "../gettext.js";
import { make, number, VERDICTS } from "./elements.js";

/**
 * What the server says of a sample in such a list, and what is known of it here. `why`: why something was refused, or
 * counts in nothing. `element`: where it is shown.
 * @typedef {{id: number, score: number | null, verdict: Verdict | null, source: string, is_hidden: boolean}} ListedSample
 * @typedef {{sample: ListedSample, group_id: number, prompt: string, text: string, is_cut: boolean, mine: Mine | null,
 *   flag: string | null, why?: string, isFirst?: boolean, element?: any}} Row
 */

/** @type {Record<string, string>} */
const MINE = {
  accept: gettext("you accept"),
  reject: gettext("you reject"),
  score: gettext("you gave a score"),
  edit: gettext("you rewrote it"),
  skip: gettext("you skipped it"),
  prefer: gettext("you compared its group"),
  rank: gettext("you ranked its group"),
};
/** @type {Record<string, string>} */
const LOOKS = { accept: "ok", reject: "bad" };

/**
 * The label of a row: one's own word stands at once, before the server has it.
 * @param {Row} row
 * @returns {{words: string, look: string}}
 */
export function labelOf({ sample, mine }) {
  const isNew = mine && !mine.saved && LOOKS[mine.kind];
  const verdict = isNew ? /** @type {Verdict} */ (mine.kind) : sample.verdict;
  if (!verdict)
    return { words: sample.is_hidden ? gettext("hidden until you decide") : gettext("no verdict"), look: "" };
  const score = isNew || sample.score === null ? "" : ` ${number(sample.score)}`;
  const label = VERDICTS[verdict] + score;
  // Beside one's own decision it needs no name.
  const isOwn = sample.source === "person" && mine && LOOKS[mine.kind];
  const whose = isNew || isOwn ? "" : sample.source;
  const words =
    whose === "judge"
      ? gettext("{label} by the judge", { label })
      : whose === "person"
        ? gettext("{label} by people", { label })
        : label;
  return { words, look: LOOKS[verdict] };
}

/**
 * What the person did to it, in words.
 * @param {Row} row
 */
export function ownWords({ mine, flag }) {
  const parts = [];
  if (mine) {
    const words = MINE[mine.kind] || mine.kind;
    parts.push(mine.saved ? words : gettext("{words}, not saved yet", { words }));
  }
  if (flag) parts.push(gettext("flagged by you"));
  return parts.join(", ");
}

/**
 * Draw the row anew, in place. `address`: of the samples' page on this sample.
 * @param {Row} row
 * @param {{isCurrent: boolean, address: string}} how
 */
export function drawRow(row, { isCurrent, address }) {
  const { words, look } = labelOf(row);
  const whole = row.is_cut
    ? make(
        "p.small",
        {},
        gettext("This is its beginning."),
        " ",
        make("a", { href: address }, gettext("Read all of it")),
      )
    : null;
  row.element ||= make("li", { role: "option", id: `rondo-row-${row.sample.id}` });
  const { element } = row;
  element.className = `${isCurrent ? "is-current" : ""}${row.isFirst ? " is-first" : ""}`;
  element.setAttribute("aria-selected", String(isCurrent));
  element.replaceChildren(
    ...(row.isFirst ? [make("p.asked", { dir: "auto" }, row.prompt || gettext("(no words)"))] : []),
    make(
      "p.facts",
      {},
      make("b", {}, String(row.sample.id)),
      make(`span.rondo-badge${look ? `.${look}` : ""}`, {}, words),
      make("span.own.rondo-muted", {}, ownWords(row)),
    ),
    make("p.words", { dir: "auto" }, row.text || gettext("(no words)")),
    ...(isCurrent && whole ? [whole] : []),
    ...(row.why ? [make("p.why", { role: "alert" }, row.why)] : []),
  );
  return element;
}

/**
 * A row as the server sends it.
 * @param {any} row
 * @returns {Row}
 */
export const received = (row) => ({ ...row, mine: row.mine && { ...row.mine, saved: true } });

/** The rows that are here, and which of them one is on. */
export class Rows {
  constructor() {
    /** @type {Row[]} */
    this.all = [];
    this.at = 0;
    /** Whether the current row was decided and is the last one: nobody is to decide it once more by a key too many. */
    this.ended = false;
  }

  get length() {
    return this.all.length;
  }

  get current() {
    return this.all[this.at];
  }

  /** @param {number} id */
  find(id) {
    return this.all.find(({ sample }) => sample.id === id);
  }

  clear() {
    this.all = [];
    this.at = 0;
  }

  /** @param {number} at */
  goTo(at) {
    this.ended = false;
    this.at = Math.max(0, Math.min(at, this.length - 1));
  }

  /**
   * Put rows below, and return those that were not here. Samples of one prompt stand below it.
   * @param {Row[]} rows
   */
  add(rows) {
    const known = new Set(this.all.map(({ sample }) => sample.id));
    const added = rows.filter(({ sample }) => !known.has(sample.id));
    this.all.push(...added);
    this.all.forEach((row, n) => {
      const before = this.all[n - 1];
      row.isFirst = !before || before.group_id !== row.group_id || before.prompt !== row.prompt;
    });
    return added;
  }
}
