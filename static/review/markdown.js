// @ts-check
// Markdown to elements: the parser's tokens become nodes by createElement and textContent. HTML in a text stays text,
// pictures are not fetched, and a link is shown with its address and leads nowhere.

import { gettext } from "../gettext.js";
import { make } from "./elements.js";
import { mathRules, formula } from "./math.js";

const TAGS = new Set([
  "p",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "blockquote",
  "ul",
  "ol",
  "li",
  "hr",
  "table",
  "thead",
  "tbody",
  "tr",
  "th",
  "td",
  "strong",
  "em",
  "s",
  "code",
]);
const MARKS = /[`*_#[\]|$\\<>~&]|^\s*(?:[-+]|\d+[.)])\s|^\s{4}|^[-=]{3,}\s*$|!\[/m;
/** @type {any} */
let parser = null;
/** @type {Promise<void> | null} */
let loading = null;

/** Load the parser once; until then texts are shown as they are. */
export function load() {
  loading ||= import("/static/vendor/markdown-it.umd.min.js").then(() => {
    const markdown = globalThis.markdownit("default", {
      html: false,
      linkify: false,
      typographer: false,
      breaks: true,
    });
    mathRules(markdown);
    emphasisOfWords(markdown);
    parser = markdown;
  });
  return loading;
}

/**
 * Emphasis only around words: by CommonMark the stars of 8*6*5 would vanish, and with them what is to be judged.
 * @param {any} rules
 */
function emphasisOfWords(rules) {
  const state = rules.inline.State.prototype;
  const scan = state.scanDelims;
  state.scanDelims = function (/** @type {number} */ start, /** @type {boolean} */ canSplitWord) {
    const scanned = scan.call(this, start, canSplitWord);
    const before = this.src[start - 1] ?? " ";
    const after = this.src[start + scanned.length] ?? " ";
    scanned.can_open &&= /[\s([{"'“‘—–*_~]/.test(before);
    scanned.can_close &&= /[\s)\]}"'”’.,;:!?—–*_~]/.test(after);
    return scanned;
  };
}

/**
 * Whether a text would look different rendered.
 * @param {string} text
 */
export const hasMarks = (text) => MARKS.test(text);

/**
 * The nodes of a text, or null before the parser is there or where it gives up.
 * @param {string} text
 */
export function render(text) {
  if (!parser) return null;
  try {
    const root = make("div.markdown");
    build(root, parser.parse(text, {}));
    return root;
  } catch (error) {
    console.warn("Shown raw: the text could not be rendered.", error);
    return null;
  }
}

/**
 * @param {Element} root
 * @param {any[]} tokens
 */
function build(root, tokens) {
  let at = root;
  const open = [root];
  for (const token of tokens) {
    if (token.nesting === 1) {
      if (token.hidden) continue;
      const element = opening(token);
      at.append(element);
      open.push((at = element));
    } else if (token.nesting === -1) {
      if (token.hidden) continue;
      close(open.pop(), token);
      at = open[open.length - 1];
    } else leaf(at, token);
  }
}

/** @param {any} token */
function opening(token) {
  if (token.type === "link_open") {
    const link = make("span.link");
    link.dataset.address = token.attrGet("href") || "";
    return link;
  }
  /** @type {any} */
  const element = document.createElement(TAGS.has(token.tag) ? token.tag : "div");
  const start = token.type === "ordered_list_open" && token.attrGet("start");
  if (start) element.start = Number(start);
  if (/^(p|h\d|li|blockquote|td|th)$/.test(token.tag)) element.dir = "auto";
  const align = /text-align:(left|right|center)/.exec(token.attrGet("style") || "");
  if (align) element.style.textAlign = align[1];
  return element;
}

/**
 * @param {any} element
 * @param {any} token
 */
function close(element, token) {
  if (token.type !== "link_close") return;
  const { address } = element.dataset;
  if (address && address !== element.textContent) element.append(make("span.address", {}, ` (${address})`));
}

/**
 * @param {Element} at
 * @param {any} token
 */
function leaf(at, token) {
  const { type, content } = token;
  if (type === "inline") build(at, token.children);
  else if (type === "softbreak" || type === "hardbreak") at.append(make("br"));
  else if (type === "hr") at.append(make("hr"));
  else if (type === "fence" || type === "code_block") at.append(codeBlock(content, token.info));
  else if (type === "code_inline") at.append(make("code", { textContent: content }));
  else if (type === "math_inline" || type === "math_block") at.append(formula(content, type === "math_block"));
  else if (type === "image") at.append(make("span.picture", {}, picture(content, token.attrGet("src"))));
  else at.append(content);
}

/**
 * @param {string} content
 * @param {string} info
 */
function codeBlock(content, info) {
  const language = (info || "").trim().split(/\s+/)[0];
  const code = make("code", { textContent: content.replace(/\n$/, "") });
  return make(
    "pre",
    { tabIndex: 0 },
    language ? make("span.language", { "aria-hidden": "true" }, language) : null,
    code,
  );
}

/**
 * What stands for a picture.
 * @param {string} name
 * @param {string} address
 */
const picture = (name, address) =>
  name
    ? gettext("[picture: {name}] ({address})", { name, address })
    : gettext("[picture: without a name] ({address})", { address });
