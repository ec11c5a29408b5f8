// Elements from plain values. Text goes in by textContent only: whatever a model or a person wrote stays text.

const FOLD_AT = 12000;

/** `make("p.rondo-muted", {hidden: true}, "text", child)`. */
export function make(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split(".");
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

/** A written text as it is; a very long one is cut until asked for. */
export function written(text, { whole = false, onMore = null } = {}) {
  const isCut = !whole && text.length > FOLD_AT;
  const body = make("div.text", { dir: "auto" });
  body.textContent = isCut ? text.slice(0, FOLD_AT) : text;
  if (!text) body.append(make("span.rondo-muted", {}, "(empty)"));
  if (!isCut) return [body];
  const more = make("button.rondo-quiet.more", { type: "button", onclick: onMore }, `Show all ${text.length.toLocaleString()} characters (m)`);
  return [body, more];
}

export const number = (value) => (value === null || value === undefined ? "–" : String(Math.round(value * 100) / 100));

export const plural = (count, word) => `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;
