// @ts-check
// Which key does what: the bindings come from the server, a person may change them. The browser keeps its own keys.

const MAY_REPEAT = new Set(["next", "previous"]);
const IN_TEXT = new Set(["palette"]);

/**
 * What the server says of an action; `is_changed`: a person chose its keys.
 * @typedef {{name: string, label: string, keys: string[], modes: string[], is_changed: boolean}} Action
 */

/**
 * The names a key press may be bound under, the most exact first.
 * @param {KeyboardEvent} event
 */
export function namesOf(event) {
  const isAltGraph = event.getModifierState && event.getModifierState("AltGraph");
  const mod = (event.ctrlKey || event.metaKey) && !isAltGraph ? "Mod+" : "";
  const before = mod + (event.altKey && !isAltGraph ? "Alt+" : "");
  const shift = event.shiftKey ? "Shift+" : "";
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase() && !/\d/.test(key);
  // A digit is a digit where the row above the letters types signs without Shift, and where Shift types a sign.
  const digit = /^Digit(\d)$/.exec(event.code || "");
  if (digit) return [...(isSign ? [before + key] : []), before + shift + digit[1]];
  if (isSign) return [before + key, before + shift + key];
  return shift ? [before + shift + key, before + key] : [before + key];
}

/** The actions of one mode and the keys that do them. */
export class Bindings {
  /** @type {Action[]} */
  all = [];
  /** @type {Action[]} */
  actions = [];
  /** @type {Map<string, Action>} */
  byName = new Map();
  /** @type {Map<string, string>} */
  byKey = new Map();

  /**
   * @param {Action[]} actions
   * @param {string} mode
   */
  constructor(actions, mode) {
    this.mode = mode;
    this.set(actions);
  }

  /** @param {Action[]} actions */
  set(actions) {
    this.all = actions;
    this.actions = actions.filter(({ modes }) => modes.includes(this.mode));
    this.byName = new Map(this.actions.map((action) => [action.name, action]));
    // A key that a person chose stays theirs where a later version gives it to something else.
    const inOrder = [...this.actions].sort((a, b) => Number(a.is_changed) - Number(b.is_changed));
    this.byKey = new Map(inOrder.flatMap(({ name, keys }) => keys.map((key) => /** @type {const} */ ([key, name]))));
  }

  /**
   * The action a key press means. `knows(name)`: whether it means something now.
   * @param {KeyboardEvent} event
   * @param {(name: string) => boolean} [knows]
   * @returns {string | undefined}
   */
  find(event, knows = () => true) {
    const actions = namesOf(event).flatMap((key) => this.byKey.get(key) ?? []);
    // Where Shift+7 types the sign of another action, the digit is meant, unless the person chose that sign.
    const isShifted = event.shiftKey && /^Digit\d$/.test(event.code || "");
    if (isShifted && actions.length > 1 && knows(actions[1]) && !this.byName.get(actions[0])?.is_changed)
      return actions[1];
    return actions[0];
  }

  /**
   * The key to show for an action; empty where it has none.
   * @param {string} name
   */
  first(name) {
    return this.byName.get(name)?.keys[0] || "";
  }
}

/** @param {EventTarget | null} target */
export const isTyping = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/**
 * @param {EventTarget | null} target
 * @param {string} key
 */
export const isPressed = (target, key) =>
  (key === "Enter" || key === " ") && target instanceof HTMLElement && target.closest("button, a, summary");

/**
 * A sign pressed alone: more than that may be meant for the browser.
 * @param {KeyboardEvent} event
 */
export const isAlone = (event) =>
  event.key.length === 1 &&
  event.key !== " " &&
  !event.repeat &&
  !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);

/**
 * Call `run(name, key)` for keys that mean something here, where `knows(name)`; `missed(key)` for signs that do not,
 * `leave()` for Escape. Returns what reads a press.
 * @param {Bindings} bindings
 * @param {(name: string, key: string) => void} run
 * @param {{knows: (name: string) => boolean, missed: (key: string) => void, leave: () => void}} how
 */
export function listen(bindings, run, { knows, missed, leave }) {
  /** @param {KeyboardEvent} event */
  const read = (event) => {
    const { target } = event;
    // A list that was chosen from keeps the keys until it is left.
    if (event.key === "Escape" && target instanceof HTMLSelectElement) target.blur();
    if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const name = bindings.find(event, knows);
    if ((isTyping(target) || isPressed(target, event.key)) && !IN_TEXT.has(name ?? "")) return;
    if (!name) {
      if (event.key === "Escape") leave();
      else if (isAlone(event)) missed(event.key);
      return;
    }
    event.preventDefault();
    // A key held down is one decision, not thirty.
    if (event.repeat && !MAY_REPEAT.has(name)) return;
    run(name, event.key);
  };
  document.addEventListener("keydown", read);
  return read;
}
