// @ts-check
// How a text is shown: rendered or raw, long ones folded, the next ones made ready while nothing else is to do.

import { gettext } from "../gettext.js";
import { figures, make } from "./elements.js";
import { hasMarks, load, render } from "./markdown.js";

const FOLD_AT = 12000;
const RENDER_UP_TO = 100000;
const KEPT = 24;
/** @type {Map<string, HTMLElement>} */
const ready = new Map();

/**
 * A text as it is.
 * @param {string} text
 * @returns {HTMLElement}
 */
export function plain(text) {
  const body = make("div.text", { dir: "auto" });
  body.textContent = text;
  if (!text) body.append(make("span.rondo-muted", {}, gettext("(empty)")));
  return body;
}

/**
 * @param {string} text
 * @param {{isRaw?: boolean, whole?: boolean}} how
 */
const isRendered = (text, { isRaw, whole }) =>
  !isRaw && text.length <= (whole ? RENDER_UP_TO : FOLD_AT) && hasMarks(text);

/**
 * Nodes for a text. A very long one is cut, and raw, until asked for.
 * @param {string} text
 * @param {{whole?: boolean, isRaw?: boolean, onMore?: (() => void) | null}} how
 * @returns {HTMLElement[]}
 */
export function written(text, { whole = false, isRaw = false, onMore = null } = {}) {
  if (isRendered(text, { isRaw, whole })) {
    const rendered = ready.get(text) || render(text);
    ready.delete(text);
    if (rendered) return [rendered];
  }
  if (whole || text.length <= FOLD_AT) return [plain(text)];
  const more = make(
    "button.rondo-quiet.more",
    { type: "button", onclick: onMore },
    gettext("Show all {count} characters (m)", { count: figures(text.length) }),
  );
  return [plain(text.slice(0, FOLD_AT)), more];
}

/** @type {(work: () => void) => unknown} */
const later = globalThis.requestIdleCallback || ((work) => setTimeout(work, 50));

/**
 * Render these texts when there is time, so that painting them takes none.
 * @param {string[]} texts
 * @param {boolean} isRaw
 */
export function prepare(texts, isRaw) {
  if (isRaw) return;
  later(() => {
    for (const text of texts) {
      if (ready.has(text) || !isRendered(text, { isRaw })) continue;
      const rendered = render(text);
      if (rendered) ready.set(text, rendered);
    }
    for (const oldest of [...ready.keys()].slice(0, Math.max(0, ready.size - KEPT))) ready.delete(oldest);
  });
}

export { load };
