// @ts-check
// Word diffs, away from the keys. A word is what the language of the text takes for one.
/* global Diff */
importScripts("/static/vendor/diff.min.js");

const LONGEST = 200000;
const TIMEOUT = 3000;
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
/** @param {string} text */
const cut = (text) => Array.from(segmenter.segment(text), ({ segment }) => segment);
/** @param {string} token */
const isWord = (token) => /[\p{L}\p{N}]/u.test(token);

/**
 * [[text, -1 | 0 | 1], …], or null where the texts are too long or too different.
 * @param {string} left
 * @param {string} right
 */
function words(left, right) {
  if (left.length + right.length > LONGEST) return null;
  /** @type {{value: string[], added: boolean, removed: boolean}[] | undefined} */
  const parts = Diff.diffArrays(cut(left), cut(right), { timeout: TIMEOUT });
  return parts && parts.map(({ value, added, removed }) => [value.join(""), removed ? -1 : added ? 1 : 0]);
}

/**
 * Where each text says what all the others say too: for each one, [[start, end], …].
 * @param {string[]} texts
 */
function common(texts) {
  const tokens = texts.map(cut);
  const [base, ...others] = tokens;
  if (texts.reduce((sum, text) => sum + text.length, 0) > LONGEST) return null;
  const places = others.map((other) => matches(base, other)).filter((place) => place !== null);
  if (places.length < others.length) return null;
  const shared = base.map((_, at) => places.every((place) => place.has(at)));
  const kept = runs(base, shared);
  return tokens.map((list, n) =>
    ranges(
      list,
      kept.map((at) => (n ? places[n - 1].get(at) : at)),
    ),
  );
}

/**
 * @param {string[]} base
 * @param {string[]} other
 */
function matches(base, other) {
  const parts = Diff.diffArrays(base, other, { timeout: TIMEOUT });
  if (!parts) return null;
  const pairs = new Map();
  let [left, right] = [0, 0];
  for (const { count, added, removed } of parts) {
    if (!added && !removed) for (let n = 0; n < count; n++) pairs.set(left + n, right + n);
    if (!added) left += count;
    if (!removed) right += count;
  }
  return pairs;
}

/**
 * Shared tokens in runs of at least two words: a single one in common says nothing.
 * @param {string[]} base
 * @param {boolean[]} shared
 */
function runs(base, shared) {
  /** @type {number[]} */
  const kept = [];
  for (let start = 0; start < base.length; start++) {
    if (!shared[start]) continue;
    let end = start;
    while (end < base.length && shared[end]) end += 1;
    const run = Array.from({ length: end - start }, (_, n) => start + n);
    if (run.filter((at) => isWord(base[at])).length >= 2) kept.push(...run);
    start = end;
  }
  return kept;
}

/**
 * @param {string[]} tokens
 * @param {number[]} kept
 */
function ranges(tokens, kept) {
  const starts = [];
  let length = 0;
  for (const token of tokens) (starts.push(length), (length += token.length));
  /** @type {[start: number, end: number][]} */
  const spans = [];
  for (const at of kept) {
    const [start, end] = [starts[at], starts[at] + tokens[at].length];
    const last = spans[spans.length - 1];
    if (last && last[1] === start) last[1] = end;
    else spans.push([start, end]);
  }
  return spans;
}

onmessage = ({ data: { id, kind, texts } }) => {
  postMessage({ id, result: kind === "common" ? common(texts) : words(texts[0], texts[1]) });
};
