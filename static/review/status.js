// @ts-check
// What the desk says to the person: what stays until it is read, what goes by itself, what is only for the ear.

import { gettext } from "../gettext.js";
import { make, quietButton } from "./elements.js";

export class Status {
  /** @param {{message: HTMLElement, mine: HTMLElement, spoken: HTMLElement}} parts */
  constructor({ message, mine, spoken }) {
    this.message = message;
    this.passing = mine;
    this.spoken = spoken;
  }

  /**
   * Said until it is read.
   * @param {string} text
   * @param {{good?: boolean, link?: Node | null, buttons?: Node[] | null}} how
   */
  say(text, { good = false, link = null, buttons = null } = {}) {
    const { message } = this;
    const ok = quietButton(gettext("OK"), () => this.silence());
    message.replaceChildren(make("span", {}, text, link), make("span.rondo-toolbar", {}, ...(buttons || [ok])));
    message.className = `message ${good ? "good" : "rondo-problem"}`;
    message.hidden = false;
  }

  /** What was said is over. */
  silence() {
    this.message.hidden = true;
  }

  /**
   * A word that goes with the next thing that is painted.
   * @param {string} text
   */
  hint(text) {
    this.passing.textContent = text;
  }

  /**
   * For who cannot see the screen.
   * @param {string} text
   */
  announce(text) {
    if (this.spoken.textContent !== text) this.spoken.textContent = text;
  }
}
