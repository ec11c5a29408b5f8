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
 * Write the days down; nothing where no text is kept.
 * @param {Record<string, number>} days
 */
function write(days) {
  if (Object.keys(days).length) localStorage.setItem(TOUCHED, JSON.stringify(days));
  else localStorage.removeItem(TOUCHED);
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
    const days = touched(),
      day = today();
    if (days[name] === (text === null ? undefined : day)) return;
    if (text === null) delete days[name];
    else days[name] = day;
    write(days);
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
    write(left);
  } catch {
    // As above: nothing is lost by texts that stay.
  }
}
