// @ts-check
// A row of a list in which one decides in place, as elements. Texts go in by textContent.

import { make, number } from "./elements.js";

/**
 * What the server says of a sample in such a list, and what is known of it here. `why`: why something was refused, or
 * counts in nothing. `element`: where it is shown.
 * @typedef {{id: number, score: number | null, verdict: Verdict | null, source: string, is_hidden: boolean}} ListedSample
 * @typedef {{sample: ListedSample, group_id: number, prompt: string, text: string, is_cut: boolean, mine: Mine | null,
 *   flag: string | null, why?: string, isFirst?: boolean, element?: any}} Row
 */

/** @type {Record<string, string>} */
const MINE = {
  accept: "you accept",
  reject: "you reject",
  score: "you gave a score",
  edit: "you rewrote it",
  skip: "you skipped it",
  prefer: "you compared its group",
  rank: "you ranked its group",
};
/** Whose label it is. @type {Record<string, string>} */
const WHOSE = { judge: " by the judge", person: " by people" };
/** @type {Record<string, string>} */
const LOOKS = { accept: "ok", reject: "bad" };

/**
 * The label of a row: one's own word stands at once, before the server has it.
 * @param {Row} row
 * @returns {{words: string, look: string}}
 */
export function labelOf({ sample, mine }) {
  const isNew = mine && !mine.saved && LOOKS[mine.kind];
  const verdict = isNew ? mine.kind : sample.verdict;
  if (!verdict) return { words: sample.is_hidden ? "hidden until you decide" : "no verdict", look: "" };
  const score = isNew || sample.score === null ? "" : ` ${number(sample.score)}`;
  // Beside one's own decision it needs no name.
  const isOwn = sample.source === "person" && mine && LOOKS[mine.kind];
  const whose = isNew || isOwn ? "" : WHOSE[sample.source] || "";
  return { words: `${verdict}${score}${whose}`, look: LOOKS[verdict] };
}

/**
 * What the person did to it, in words.
 * @param {Row} row
 */
export function ownWords({ mine, flag }) {
  const words = [];
  if (mine) words.push(mine.saved ? MINE[mine.kind] || mine.kind : `${MINE[mine.kind] || mine.kind}, not saved yet`);
  if (flag) words.push("flagged by you");
  return words.join(", ");
}

/**
 * Draw the row anew, in place. `address`: of the samples' page on this sample.
 * @param {Row} row
 * @param {{isCurrent: boolean, address: string}} how
 */
export function drawRow(row, { isCurrent, address }) {
  const { words, look } = labelOf(row);
  const whole = row.is_cut
    ? make("p.small", {}, "This is its beginning. ", make("a", { href: address }, "Read all of it"))
    : null;
  row.element ||= make("li", { role: "option", id: `rondo-row-${row.sample.id}` });
  const { element } = row;
  element.className = `${isCurrent ? "is-current" : ""}${row.isFirst ? " is-first" : ""}`;
  element.setAttribute("aria-selected", String(isCurrent));
  element.replaceChildren(
    ...(row.isFirst ? [make("p.asked", { dir: "auto" }, row.prompt || "(no words)")] : []),
    make(
      "p.facts",
      {},
      make("b", {}, String(row.sample.id)),
      make(`span.rondo-badge${look ? `.${look}` : ""}`, {}, words),
      make("span.own.rondo-muted", {}, ownWords(row)),
    ),
    make("p.words", { dir: "auto" }, row.text || "(no words)"),
    ...(isCurrent && whole ? [whole] : []),
    ...(row.why ? [make("p.why", { role: "alert" }, row.why)] : []),
  );
  return element;
}

/**
 * Mark the rows that begin a prompt: samples of one prompt stand below it.
 * @param {Row[]} rows
 */
export function markFirsts(rows) {
  rows.forEach(
    (row, n) => (row.isFirst = !n || rows[n - 1].group_id !== row.group_id || rows[n - 1].prompt !== row.prompt),
  );
}
