// @ts-check
// Formulas in Markdown: $x$, $$x$$, \(x\) and \[x\], drawn as MathML nodes. What cannot be drawn stays as it was written.

import { gettext } from "../gettext.js";
import { make } from "./elements.js";

const MOST = 5000;
/** @type {[open: string, close: string, isDisplay: boolean][]} */
const INLINE = [
  ["\\(", "\\)", false],
  ["\\[", "\\]", true],
  ["$$", "$$", true],
  ["$", "$", false],
];
const BLOCK = [
  ["$$", "$$"],
  ["\\[", "\\]"],
];
/** @type {Promise<unknown> | null} */
let loading = null;

/**
 * Teach the parser the two kinds of tokens.
 * @param {any} parser
 */
export function mathRules(parser) {
  parser.inline.ruler.before("escape", "math_inline", inline);
  parser.block.ruler.before("fence", "math_block", block, { alt: ["paragraph", "reference", "blockquote", "list"] });
}

/**
 * @param {any} state
 * @param {boolean} silent
 */
function inline(state, silent) {
  const { src, pos } = state;
  const code = src.charCodeAt(pos);
  if (code !== 36 && code !== 92) return false;
  const marks = INLINE.find(([open]) => src.startsWith(open, pos));
  if (!marks) return false;
  const [open, close, isDisplay] = marks;
  const from = pos + open.length;
  const end = ending(src, close, from, state.posMax);
  if (end < 0) return false;
  const content = src.slice(from, end);
  // A price, a variable of a shell, a placeholder of a template: a dollar is seldom a formula.
  const around = (src[pos - 1] || " ") + (src[end + 1] || " ");
  const isOther = open === "$" && (/^\s|\s$|`/.test(content) || /[\w{]/.test(around));
  if (!content.trim() || isOther) return false;
  if (!silent) state.push(isDisplay ? "math_block" : "math_inline", "math", 0).content = content;
  state.pos = end + close.length;
  return true;
}

/**
 * @param {string} src
 * @param {string} close
 * @param {number} from
 * @param {number} to
 */
function ending(src, close, from, to) {
  for (let at = src.indexOf(close, from); at >= 0 && at < to && at - from < MOST; at = src.indexOf(close, at + 1)) {
    let slashes = 0;
    while (src[at - 1 - slashes] === "\\") slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/**
 * @param {any} state
 * @param {number} startLine
 * @param {number} endLine
 * @param {boolean} silent
 */
function block(state, startLine, endLine, silent) {
  const start = state.bMarks[startLine] + state.tShift[startLine];
  const marks = BLOCK.find(([open]) => state.src.startsWith(open, start));
  if (!marks || state.sCount[startLine] - state.blkIndent >= 4) return false;
  const [open, close] = marks;
  const end = ending(state.src, close, start + open.length, state.eMarks[endLine - 1]);
  if (end < 0) return false;
  let line = startLine;
  while (line < endLine && state.eMarks[line] < end) line += 1;
  const rest = state.src.slice(end + close.length, state.eMarks[line]);
  if (line >= endLine || rest.trim()) return false;
  if (silent) return true;
  const token = state.push("math_block", "math", 0);
  token.content = state.src.slice(start + open.length, end).trim();
  token.block = true;
  state.line = line + 1;
  return true;
}

/** When the formulas asked for so far are drawn. */
export const drawn = () => Promise.resolve(loading).catch(() => {});

/**
 * The formula; its source until the library is there, and where the library cannot read it.
 * @param {string} source
 * @param {boolean} isDisplay
 */
export function formula(source, isDisplay) {
  const element = make(isDisplay ? "div.formula" : "span.formula", {}, make("code", { textContent: source }));
  if (globalThis.katex) draw(element, source, isDisplay);
  else {
    loading ||= import("/static/vendor/katex.min.js");
    loading.then(
      () => draw(element, source, isDisplay),
      () => {},
    );
  }
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} source
 * @param {boolean} displayMode
 */
function draw(element, source, displayMode) {
  const drawing = document.createElement("span");
  try {
    globalThis.katex.render(source, drawing, {
      output: "mathml",
      displayMode,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxSize: 20,
      maxExpand: 200,
    });
  } catch {
    element.title = gettext("This formula cannot be drawn; its source is shown.");
    return;
  }
  // The source beside the formula would be found twice by a search.
  for (const copy of drawing.querySelectorAll("annotation")) copy.remove();
  element.replaceChildren(...drawing.childNodes);
}
