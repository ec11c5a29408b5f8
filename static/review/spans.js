// @ts-check
// Places in a text: what is selected on screen, found again in the text as it is, and counted as the server counts.

import { gettext } from "../gettext.js";

/**
 * Where a part begins in a text, each place; places may overlap.
 * @param {string} text
 * @param {string} part
 */
export function starts(text, part) {
  const places = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) places.push(at);
  return places;
}

/**
 * Where a part stands in a text, when it stands at `at` in what is shown of it; -1 where that is not certain. Marks and
 * addresses are not shown, so a part may stand more often in the text than on screen.
 * @param {string} text
 * @param {string} shown
 * @param {string} part
 * @param {number} at
 */
export function placeIn(text, shown, part, at) {
  const end = at + part.length;
  // As it is up to here: raw, or the beginning of a long text.
  if (text.slice(0, end) === shown.slice(0, end)) return at;
  const [places, seen] = [starts(text, part), starts(shown, part)];
  return places.length === seen.length ? (places[seen.indexOf(at)] ?? -1) : -1;
}

/**
 * From which character to which, as Python counts them: a sign outside of the basic plane is one.
 * @param {string} text
 * @param {number} at
 * @param {number} length
 */
export function counted(text, at, length) {
  const start = [...text.slice(0, at)].length;
  return { start, end: start + [...text.slice(at, at + length)].length };
}

/**
 * The place of what is selected inside `root`, which shows the text; in words, why there is none.
 * @param {string} text
 * @param {HTMLElement} root
 */
export function placeOf(text, root) {
  const nothing = gettext("Select words of the text first.");
  const selection = document.getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return nothing;
  const range = selection.getRangeAt(0);
  if (!root.contains(range.commonAncestorContainer)) return nothing;
  const chosen = range.toString();
  const part = chosen.trim();
  if (!part) return nothing;
  const before = document.createRange();
  before.selectNodeContents(root);
  before.setEnd(range.startContainer, range.startOffset);
  const begin = before.toString().length + chosen.indexOf(part);
  const at = placeIn(text, root.textContent || "", part, begin);
  if (at < 0) return gettext("Where these words stand in the text is not certain as it is drawn: show the raw text.");
  return counted(text, at, part.length);
}

/**
 * The words at a place.
 * @param {string} text
 * @param {{start: number, end: number}} place
 */
export const wordsAt = (text, { start, end }) => [...text].slice(start, end).join("");
