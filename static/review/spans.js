// @ts-check
// Places in a text: what is selected on screen, found again in the text as it is, and counted as the server counts.

/**
 * How often one text stands in another, without overlap.
 * @param {string} text
 * @param {string} part
 */
const times = (text, part) => text.split(part).length - 1;

/**
 * Where a part stands in a text, when it stands so often before it; -1 where it does not.
 * @param {string} text
 * @param {string} part
 * @param {number} before
 */
export function nth(text, part, before) {
  let at = text.indexOf(part);
  for (let n = 0; n < before && at >= 0; n++) at = text.indexOf(part, at + part.length);
  return at;
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
 * The place of what is selected inside `root`, which shows the text; null where nothing of it is.
 * @param {string} text
 * @param {HTMLElement} root
 */
export function placeOf(text, root) {
  const selection = document.getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!root.contains(range.commonAncestorContainer)) return null;
  const chosen = range.toString();
  const part = chosen.trim();
  if (!part) return null;
  const before = document.createRange();
  before.selectNodeContents(root);
  before.setEnd(range.startContainer, range.startOffset);
  const skipped = before.toString() + chosen.slice(0, chosen.indexOf(part));
  const at = nth(text, part, times(skipped, part));
  return at < 0 ? null : counted(text, at, part.length);
}

/**
 * The words at a place.
 * @param {string} text
 * @param {{start: number, end: number}} place
 */
export const wordsAt = (text, { start, end }) => [...text].slice(start, end).join("");
