// @ts-check
// What the server would not take and may later: the role or the round is gone. It stays in this browser.

import { gettext, ngettext } from "../gettext.js";
import { quietButton } from "./elements.js";
import { dropStale } from "./question_acts.js";

export class Held {
  /**
   * `givenUp(act)` for each act that the person gives up, `changed()` after them.
   * @param {import("./outbox.js").Outbox} outbox
   * @param {import("./status.js").Status} status
   * @param {{givenUp: (act: Act) => void, changed: () => void}} how
   */
  constructor(outbox, status, { givenUp, changed }) {
    this.outbox = outbox;
    this.status = status;
    this.givenUp = givenUp;
    this.changed = changed;
    this.why = "";
  }

  /** @param {Failure} error */
  hold(error) {
    dropStale(this.outbox);
    this.why = error.message;
    this.say();
  }

  /** How much is held, and what can be done about it; nothing once that is none. */
  say() {
    const { why } = this;
    const count = this.outbox.held.length;
    if (!why) return;
    if (!count) {
      this.end();
      return;
    }
    const text = ngettext(
      "A decision of yours was not saved; it is kept in this browser. {why}",
      "{number} decisions of yours were not saved; they are kept in this browser. {why}",
      count,
      { why },
    );
    const buttons = [
      quietButton(gettext("Try again"), () => this.tryAgain()),
      quietButton(count > 1 ? gettext("Give them up") : gettext("Give it up"), () => this.giveUp()),
    ];
    this.status.say(text, { buttons });
  }

  end() {
    this.why = "";
    this.status.silence();
  }

  tryAgain() {
    this.end();
    this.outbox.release();
  }

  giveUp() {
    for (const { act } of this.outbox.giveUp()) this.givenUp(act);
    this.say();
    this.changed();
  }
}
