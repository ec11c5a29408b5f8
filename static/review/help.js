// @ts-check
// The sheet of keys, drawn from the bindings as they are, where each can be changed.

import { gettext } from "../gettext.js";
import { closeDialog, keyName, make, quietButton } from "./elements.js";
import { namesOf } from "./keys.js";
import { refusal } from "./rest.js";

const MODIFIERS = ["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock"];
/** Keys that nobody can change; those of questions where the project asks some. */
const FIXED = [
  ["Ctrl+Enter", gettext("Save or send, from inside a text")],
  ["1–9, 0", gettext("Answer the open question of the project"), "question"],
  ["↑ ↓", gettext("From one question of the project to the other, while one is open"), "question"],
  ["Esc", gettext("Leave a text, a search or a window")],
];

/** @typedef {import("./keys.js").Action} Action */

export class Help {
  /**
   * `save(keys)` resolves to all actions or to {error}.
   * @param {HTMLDialogElement} dialog
   * @param {import("./keys.js").Bindings} bindings
   * @param {{save: (keys: Record<string, string[]>) => Promise<any>, changed: () => void, knows: (name: string) => boolean}} how
   */
  constructor(dialog, bindings, { save, changed, knows }) {
    this.dialog = /** @type {any} */ (dialog);
    this.bindings = bindings;
    this.save = save;
    this.changed = changed;
    this.knows = knows;
    this.isChanging = false;
    /** @type {Action | null} */
    this.waiting = null;
    dialog.addEventListener("close", () => this.stop());
    dialog.addEventListener("keydown", (event) => this.press(event), true);
  }

  open() {
    this.stop();
    this.draw();
    this.dialog.showModal();
    this.dialog.querySelector(".rondo-toolbar button").focus();
  }

  /** Open it where each key can be changed. */
  change() {
    this.open();
    this.isChanging = true;
    this.draw();
  }

  stop() {
    this.isChanging = false;
    this.waiting = null;
  }

  draw(problem = "") {
    const scrolled = this.dialog.querySelector(".sheet")?.scrollTop || 0;
    const rows = this.bindings.actions
      .filter(({ name }) => this.isChanging || this.knows(name))
      .map((action) => this.row(action));
    const fixed = FIXED.filter(([, , name]) => !name || this.knows(name)).map(([key, label]) =>
      make("tr", {}, make("td", {}, make("kbd", {}, key)), make("td", {}, label)),
    );
    const head = this.isChanging
      ? gettext("Press Change, then the new key. Every change is kept for you, on every machine.")
      : null;
    this.dialog.replaceChildren(
      make("h2", {}, gettext("Keys")),
      head ? make("p.rondo-muted", {}, head) : "",
      make("p.rondo-problem", { hidden: !problem, role: "alert" }, problem),
      make("div.sheet", { tabIndex: 0 }, make("table", {}, make("tbody", {}, ...rows, ...fixed))),
      make("p.rondo-toolbar", {}, ...this.buttons()),
    );
    this.dialog.querySelector(".sheet").scrollTop = scrolled;
    // What had the focus is gone, and keys go where the focus is.
    (this.dialog.querySelector(".is-waiting") || this.dialog.querySelector(".rondo-toolbar button")).focus({
      preventScroll: true,
    });
  }

  buttons() {
    const change = this.isChanging
      ? quietButton(gettext("Done"), () => {
          this.stop();
          this.draw();
        })
      : quietButton(gettext("Change keys…"), () => {
          this.isChanging = true;
          this.draw();
        });
    return [
      change,
      this.isChanging ? quietButton(gettext("All as they come"), () => this.store({})) : null,
      closeDialog(),
    ];
  }

  /** @param {Action} action */
  row(action) {
    const keys = action.keys.map((key) => make("kbd", {}, keyName(key)));
    const isWaiting = this.waiting === action;
    const shown = isWaiting
      ? [make("b", {}, gettext("press a key…"))]
      : keys.length
        ? keys
        : [make("span.rondo-muted", {}, gettext("no key"))];
    const row = make("tr", {}, make("td.keys", {}, ...shown), make("td", {}, action.label));
    if (!this.isChanging) return row;
    const { label } = action;
    /** @type {(words: string, title: string, onclick: () => void) => HTMLElement} */
    const button = (words, title, onclick) => quietButton(words, onclick, { "aria-label": title });
    const wait = () => {
      this.waiting = isWaiting ? null : action;
      this.draw();
    };
    const change = isWaiting
      ? button(gettext("Stop"), gettext("Stop: {label}", { label }), wait)
      : button(gettext("Change"), gettext("Change: {label}", { label }), wait);
    change.classList.toggle("is-waiting", isWaiting);
    const remove = () => this.bind(action, []);
    const away = action.keys.length
      ? button(gettext("Take away"), gettext("Take away: {label}", { label }), remove)
      : null;
    row.append(make("td", {}, change), make("td", {}, away));
    return row;
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (!this.waiting || MODIFIERS.includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const action = this.waiting;
    this.waiting = null;
    if (event.key === "Escape") return this.draw();
    return this.bind(action, [chosen(event)]);
  }

  /**
   * @param {Action} action
   * @param {string[]} keys
   */
  bind(action, keys) {
    /** @type {Record<string, string[]>} */
    const changes = {};
    for (const { name, keys: known, is_changed } of this.bindings.all) if (is_changed) changes[name] = known;
    changes[action.name] = keys;
    return this.store(changes);
  }

  /** @param {Record<string, string[]>} changes */
  async store(changes) {
    const answer = await this.save(changes);
    const problem = refusal(answer);
    if (problem) return this.draw(problem);
    this.bindings.set(answer);
    this.changed();
    return this.draw();
  }
}

/**
 * The name to keep for a pressed key: a sign as it is, a digit or letter with its Shift.
 * @param {KeyboardEvent} event
 */
function chosen(event) {
  return namesOf(event)[0];
}
