// @ts-check
// Keys pressed before the review desk is there. It takes them over, in order. Other pages keep no key: what is typed
// there may be a password.
(() => {
  "use strict";
  const MOST_KEYS = 100;
  /** @type {KeyboardEvent[]} */
  const keys = [];
  /** @param {KeyboardEvent} event */
  const keep = (event) => {
    if (keys.length < MOST_KEYS) keys.push(event);
  };
  if (/\/review\/?$/.test(location.pathname)) document.addEventListener("keydown", keep);
  window.rondoEarlyKeys = () => {
    document.removeEventListener("keydown", keep);
    return keys.splice(0);
  };
})();
