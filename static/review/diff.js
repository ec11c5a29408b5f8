// @ts-check
// Asks the worker for diffs, and marks what texts have in common without touching their nodes.

import { drawn } from "./math.js";

/** @type {Worker | null} */
let worker = null;
let count = 0;
/** @type {Map<number, (result: any) => void>} */
const waiting = new Map();

/**
 * @param {"words" | "common"} kind
 * @param {string[]} texts
 * @returns {Promise<any>}
 */
function ask(kind, texts) {
  if (!worker) {
    worker = new Worker("/static/review/diff_worker.js");
    worker.onmessage = ({ data: { id, result } }) => {
      waiting.get(id)?.(result);
      waiting.delete(id);
    };
    worker.onerror = () => {
      for (const settle of waiting.values()) settle(null);
      waiting.clear();
      worker = null;
    };
  }
  const asked = worker;
  return new Promise((settle) => {
    waiting.set((count += 1), settle);
    asked.postMessage({ id: count, kind, texts });
  });
}

/**
 * [[text, -1 | 0 | 1], …]; null where the texts are too long or too different.
 * @param {string} left
 * @param {string} right
 * @returns {Promise<[text: string, change: -1 | 0 | 1][] | null>}
 */
export const words = (left, right) => ask("words", [left, right]);

const GREY = "review-common";

export const clearCommon = () => globalThis.CSS?.highlights?.delete(GREY);

/**
 * Grey what all these elements say, by ranges: their nodes stay as they are.
 * @param {HTMLElement[]} elements
 * @param {() => boolean} isCurrent
 */
export async function greyCommon(elements, isCurrent) {
  clearCommon();
  if (!globalThis.CSS?.highlights || elements.length < 2) return;
  await drawn();
  const texts = elements.map((element) => element.textContent);
  const common = await ask("common", texts);
  if (!common || !isCurrent() || elements.some((element, n) => element.textContent !== texts[n])) return;
  const highlight = new Highlight();
  elements.forEach((element, n) => {
    for (const range of rangesIn(element, common[n])) highlight.add(range);
  });
  CSS.highlights.set(GREY, highlight);
}

/**
 * DOM ranges of [[start, end], …] counted in the element's text.
 * @param {Node} element
 * @param {[start: number, end: number][]} places
 */
export function rangesIn(element, places) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const ranges = [];
  const next = () => /** @type {Text | null} */ (walker.nextNode());
  let node = next();
  let before = 0;
  for (const [start, end] of places) {
    while (node && before + node.length <= start) [before, node] = [before + node.length, next()];
    let from = start;
    while (node && from < end) {
      const range = new StaticRange({
        startContainer: node,
        startOffset: from - before,
        endContainer: node,
        endOffset: Math.min(end - before, node.length),
      });
      ranges.push(range);
      if (before + node.length >= end) break;
      from = before + node.length;
      [before, node] = [from, next()];
    }
  }
  return ranges;
}
