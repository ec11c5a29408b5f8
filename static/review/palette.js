// Every command of the desk by name: filters as one types, arrows choose, Enter does it.

import { keyName, make } from "./elements.js";

export class Palette {
  /** `commands()` gives [{label, keys, run}, …]. */
  constructor(dialog, commands) {
    Object.assign(this, { dialog, commands, at: 0 });
    this.box = make("input", {
      type: "text",
      placeholder: "Type a command",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": "review-commands",
      "aria-autocomplete": "list",
      "aria-label": "Command",
      oninput: () => this.filter(),
    });
    this.list = make("ul", { id: "review-commands", role: "listbox", "aria-label": "Commands" });
    this.box.addEventListener("keydown", (event) => this.press(event));
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
    const words = this.box.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.found = this.all.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
    this.at = 0;
    this.draw();
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.at = (this.at + step + this.found.length) % Math.max(1, this.found.length);
    else if (event.key === "Enter") this.choose(this.found[this.at]);
    else return;
    event.preventDefault();
    if (step) this.draw();
  }

  choose(command) {
    if (!command) return;
    this.dialog.close();
    command.run();
  }

  draw() {
    const rows = this.found.map((command, n) => {
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
    this.list.replaceChildren(...(rows.length ? rows : [make("li.rondo-muted", {}, "No command has these words.")]));
    this.box.setAttribute("aria-activedescendant", rows.length ? `review-command-${this.at}` : "");
    rows[this.at]?.scrollIntoView({ block: "nearest" });
  }
}
