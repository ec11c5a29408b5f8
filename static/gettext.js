// @ts-check
// The words of a page in the language of whoever reads it. The texts in the scripts are English and are their own names.
//
// A page brings the translations of what scripts write in `<script type="application/json" id="messages">`: a text for
// a text, a list for one with a plural. Values are put in for `{name}` as they are: what comes out is text, never HTML.

/** @typedef {{[name: string]: string | number}} Values */

/** @type {{[text: string]: string | string[]} | undefined} */
let messages;
const CATEGORIES = ["zero", "one", "two", "few", "many", "other"];

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

/**
 * The form of a plural that the page's language has for a number, as gettext counts its forms.
 * @param {number} number
 * @param {number} forms
 */
function form(number, forms) {
  const rules = new Intl.PluralRules(document.documentElement.lang);
  const used = new Set(Array.from({ length: 200 }, (_, count) => rules.select(count)));
  const place = CATEGORIES.filter((category) => used.has(/** @type {Intl.LDMLPluralRule} */ (category)));
  return Math.min(Math.max(0, place.indexOf(rules.select(number))), forms - 1);
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
