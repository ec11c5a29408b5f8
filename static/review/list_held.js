// @ts-check
// What is said above a list: what happened to an act, and what waits in this browser until the person gives it up.

import { gettext } from "../gettext.js";
import { quietButton } from "./elements.js";

/** @typedef {import("./outbox.js").Outbox} Outbox */

export class HeldNotice {
  /**
   * `isHere(outbox)`: whether it is that of the round whose list is open. `dropped(act)`: it is given up.
   * @param {HTMLElement} place
   * @param {{isHere: (outbox: Outbox) => boolean, dropped: (act: Act) => void, changed: () => void}} how
   */
  constructor(place, { isHere, dropped, changed }) {
    this.place = place;
    this.isHere = isHere;
    this.dropped = dropped;
    this.changed = changed;
    /** Why an outbox holds what it holds. @type {Map<Outbox, string>} */
    this.reasons = new Map();
    this.words = "";
    place.setAttribute("role", "alert");
  }

  /**
   * A role or the review is gone: what was decided stays here until the person gives it up.
   * @param {Outbox} outbox
   * @param {string} why
   */
  hold(outbox, why) {
    this.reasons.set(outbox, why);
    this.say(this.words);
  }

  /**
   * Say something, beside what is held, which stays until it is sent or given up.
   * @param {string} words
   */
  say(words) {
    this.words = words;
    /** @type {(string | HTMLElement)[]} */
    const parts = words ? [words] : [];
    for (const [outbox, why] of this.reasons) if (outbox.held.length) parts.push(...this.ofHeld(outbox, why));
    this.place.replaceChildren(...parts);
    this.place.hidden = !parts.length;
  }

  /**
   * What an outbox holds, and what can be done about it.
   * @param {Outbox} outbox
   * @param {string} why
   */
  ofHeld(outbox, why) {
    const again = () => {
      outbox.release();
      this.say("");
    };
    const drop = () => {
      for (const { act } of outbox.giveUp()) this.dropped(act);
      this.say("");
      this.changed();
    };
    const what = this.isHere(outbox)
      ? gettext("What you decided is kept in this browser and not saved. {why}", { why })
      : gettext("What you decided in another round is kept in this browser and not saved. {why}", { why });
    return [` ${what} `, quietButton(gettext("Try again"), again), " ", quietButton(gettext("Give it up"), drop)];
  }
}
