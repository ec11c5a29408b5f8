// @ts-check
// Elements from plain values. Text goes in by textContent only: whatever a model or a person wrote stays text.

import { gettext, pgettext } from "../gettext.js";

/**
 * `make("p.rondo-muted", {hidden: true}, "text", child)`.
 * @template {string} What
 * @param {What} what tag and classes
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined)} children
 * @returns {ElementOf<What>}
 */
export function make(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  /** @type {any} */
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** @param {number | null | undefined} value */
export const number = (value) => (value === null || value === undefined ? "–" : String(Math.round(value * 100) / 100));

/**
 * A whole number as everywhere in Rondo: 1,234.
 * @param {number} value
 */
export const figures = (value) => value.toLocaleString("en");

/** A verdict as labels say it. @type {Record<string, string>} */
export const VERDICTS = { accept: pgettext("label", "accept"), reject: pgettext("label", "reject") };

/**
 * A button of what is done mainly, such as saving.
 * @param {string} label
 * @param {() => unknown} onclick
 */
export const primaryButton = (label, onclick) => make("button.rondo-primary", { type: "button", onclick }, label);

/**
 * A button of what may be done besides.
 * @param {string} label
 * @param {() => unknown} onclick
 * @param {Record<string, any>} more its other properties
 */
export const quietButton = (label, onclick, more = {}) =>
  make("button.rondo-quiet", { type: "button", onclick, ...more }, label);

/**
 * The key that does the same as a button, beside its label; nothing where there is none.
 * @param {string} key
 */
export const keyHint = (key) => (key ? make("kbd", { "aria-hidden": "true" }, keyName(key)) : null);

export const closeDialog = (label = gettext("Close")) =>
  make("form", { method: "dialog" }, make("button.rondo-quiet", {}, label));

/**
 * The name of a key as keyboards show it.
 * @param {string} key
 */
export function keyName(key) {
  /** @type {Record<string, string>} */
  const shown = {
    ArrowLeft: "←",
    ArrowRight: "→",
    ArrowUp: "↑",
    ArrowDown: "↓",
    Mod: /Mac/.test(navigator.platform) ? "⌘" : "Ctrl",
  };
  return key
    .split(/\+(?=.)/)
    .map((part) => shown[part] || (part.length === 1 ? part.toUpperCase() : part))
    .join("+");
}

/**
 * Do this once the next frame is on screen: what a key shows comes before what it sends. A hidden page has no frames.
 * @param {() => void} work
 */
export function afterPaint(work) {
  let isDone = false;
  const once = () => {
    if (!isDone) work();
    isDone = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, 100);
}

/**
 * What the promise gives; undefined where that takes longer. The call itself may still arrive.
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} promise
 * @returns {Promise<T | undefined>}
 */
export function within(milliseconds, promise) {
  let timer = 0;
  /** @type {Promise<undefined>} */
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve(undefined), milliseconds)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Keys of a text area's own: Ctrl+Enter saves, Escape leaves.
 * @param {HTMLElement} box
 * @param {{save: () => void, leave?: () => void}} keys
 */
export function onTextKeys(box, { save, leave }) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && leave) leave();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
