// @ts-check
// Every command of the desk by name: filters as one types, arrows choose, Enter does it.

import { gettext } from "../gettext.js";
import { keyName, make } from "./elements.js";

/** @typedef {{label: string, keys: string[], run: () => unknown}} Command */

export class Palette {
  /**
   * `commands()` gives [{label, keys, run}, …].
   * @param {HTMLDialogElement} dialog
   * @param {() => Command[]} commands
   */
  constructor(dialog, commands) {
    this.dialog = dialog;
    this.commands = commands;
    this.at = 0;
    /** @type {Command[]} */
    this.all = [];
    /** @type {Command[]} */
    this.matches = [];
    this.box = make("input", {
      type: "text",
      placeholder: gettext("Type a command"),
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": "review-commands",
      "aria-autocomplete": "list",
      "aria-label": gettext("Command"),
      oninput: () => this.filter(),
    });
    this.list = make("ul", { id: "review-commands", role: "listbox", "aria-label": gettext("Commands") });
    this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.press(event));
    dialog.append(this.box, this.list);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  open() {
    this.all = this.commands();
    this.box.value = "";
    this.filter();
    this.dialog.showModal();
    this.box.focus();
  }

  filter() {
    /** @type {string[]} */
    const words = this.box.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.matches = this.all.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
    this.at = 0;
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) this.at = (this.at + step + this.matches.length) % Math.max(1, this.matches.length);
    else if (event.key === "Enter") this.choose(this.matches[this.at]);
    else return;
    event.preventDefault();
    if (step) this.draw();
  }

  /** @param {Command | undefined} command */
  choose(command) {
    if (!command) return;
    this.dialog.close();
    command.run();
  }

  draw() {
    const rows = this.matches.map((command, n) => {
      const keys = command.keys.map((key) => make("kbd", {}, keyName(key)));
      const row = make(
        "li",
        { id: `review-command-${n}`, role: "option", onclick: () => this.choose(command) },
        make("span", {}, command.label),
        make("span.keys", {}, ...keys),
      );
      row.setAttribute("aria-selected", String(n === this.at));
      return row;
    });
    this.list.replaceChildren(
      ...(rows.length ? rows : [make("li.rondo-muted", {}, gettext("No command has these words."))]),
    );
    this.box.setAttribute("aria-activedescendant", rows.length ? `review-command-${this.at}` : "");
    rows[this.at]?.scrollIntoView({ block: "nearest" });
  }
}
