// @ts-check
// The words of a page in the language of whoever reads it. The texts in the scripts are English and are their own names.
//
// A page brings the translations of what scripts write in `<script type="application/json" id="messages">`: a text for
// a text, a list for one with a plural. Values are put in for `{name}` as they are: what comes out is text, never HTML.

/** @typedef {{[name: string]: string | number}} Values */

/** @type {{[text: string]: string | string[]} | undefined} */
let messages;
const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];
/** Between a context and its message, as in compiled catalogues. */
const CONTEXT = "\u0004";
/** The value of a text in which an element stands: `around` gives what is before and after it. */
export const GAP = "\u0000";
/** The plurals of the page's language, and the categories that whole numbers have in it. @type {{rules: Intl.PluralRules, used: string[]} | undefined} */
let plurals;

/** @returns {{[text: string]: string | string[]}} */
function read() {
  // Where there is no page, as in a worker, everything is English.
  const place = typeof document === "undefined" ? null : document.getElementById("messages");
  return JSON.parse(place?.textContent || "{}");
}

/** @param {string} text */
function lookUp(text) {
  messages ??= read();
  return Object.hasOwn(messages, text) ? messages[text] : undefined;
}

/**
 * @param {string} text
 * @param {Values} values
 */
const filled = (text, values) =>
  text.replace(/\{(\w+)\}/g, (place, name) => (Object.hasOwn(values, name) ? String(values[name]) : place));

function readPlurals() {
  const [language = "en"] = Intl.PluralRules.supportedLocalesOf(languages());
  const rules = new Intl.PluralRules(language);
  /** @type {Set<string>} */
  const selected = new Set(Array.from({ length: 200 }, (_, count) => rules.select(count)));
  return { rules, used: CATEGORIES.filter((category) => selected.has(category)) };
}

/** The page's language; none where the page names none, or what is no language. */
function languages() {
  try {
    return Intl.getCanonicalLocales(document.documentElement.lang || []);
  } catch {
    return [];
  }
}

/**
 * The form of a plural that the page's language has for a number, as gettext counts its forms.
 * @param {number} number
 * @param {number} forms
 */
function form(number, forms) {
  plurals ??= readPlurals();
  return Math.min(Math.max(0, plurals.used.indexOf(plurals.rules.select(number))), forms - 1);
}

/**
 * The text in the page's language, with the values in it.
 * @param {string} text
 * @param {Values} [values]
 */
export function gettext(text, values = {}) {
  const found = lookUp(text);
  return filled(typeof found === "string" ? found : text, values);
}

/**
 * As `gettext`, of a text that other languages say differently elsewhere: the context says where it stands.
 * @param {string} context
 * @param {string} text
 */
export function pgettext(context, text) {
  const found = lookUp(context + CONTEXT + text);
  return typeof found === "string" ? found : text;
}

/**
 * What stands before and after the element of a text, whose value there is `GAP`.
 * @param {string} text
 * @returns {[before: string, after: string]}
 */
export function around(text) {
  const [before, after = ""] = text.split(GAP);
  return [before, after];
}

/**
 * As `gettext`, for one or many; `{number}` is there without being named.
 * @param {string} one
 * @param {string} many
 * @param {number} number
 * @param {Values} [values]
 */
export function ngettext(one, many, number, values = {}) {
  const forms = lookUp(one);
  const text = Array.isArray(forms) ? forms[form(number, forms.length)] : number === 1 ? one : many;
  return filled(text ?? many, { number, ...values });
}
