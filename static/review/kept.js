// @ts-check
// Texts that are being written, kept in this browser until they are sent, or until nobody has touched them for long.

/** Days after which a text that nobody touched is forgotten: its review is over by then. */
const DAYS = 60;
const DAY = 24 * 60 * 60 * 1000;
/** The day on which each text was touched last, as days since 1970, by its name. */
const TOUCHED = "rondo.review.touched";
const TEXTS = /^rondo\.review\.(draft|note|answer)\.\d/;

const today = () => Math.floor(Date.now() / DAY);

/** @returns {Record<string, number>} */
function touched() {
  try {
    return JSON.parse(localStorage.getItem(TOUCHED) || "{}");
  } catch {
    return {};
  }
}

/**
 * What was kept under this name, else null.
 * @param {string} name
 */
export function recall(name) {
  try {
    return localStorage.getItem(name) || null;
  } catch {
    return null;
  }
}

/**
 * Keep a text under this name; null forgets it.
 * @param {string} name
 * @param {string | null} text
 */
export function keep(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
    const days = touched();
    const day = text === null ? undefined : today();
    if (days[name] === day) return;
    // A name without a day is left out of what is written.
    localStorage.setItem(TOUCHED, JSON.stringify({ ...days, [name]: day }));
  } catch {
    // A full or forbidden store: the text is still in the box, and leaving the page asks.
  }
}

/** Forget texts that nobody touched for long. One without a day, as earlier versions kept them, has today's from now. */
export function forgetOld() {
  try {
    const days = touched();
    const names = Object.keys(localStorage).filter((name) => TEXTS.test(name));
    /** @type {Record<string, number>} */
    const left = {};
    for (const name of names) {
      const day = days[name] ?? today();
      if (today() - day > DAYS) localStorage.removeItem(name);
      else left[name] = day;
    }
    localStorage.setItem(TOUCHED, JSON.stringify(left));
  } catch {
    // As above: nothing is lost by texts that stay.
  }
}
