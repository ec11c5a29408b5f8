// @ts-check
// Two texts of the item, word by word: what one lacks is struck through, what the other has is underlined.

import { gettext, pgettext } from "../gettext.js";
import { words } from "./diff.js";
import { make, quietButton } from "./elements.js";

export class Compare {
  /**
   * `texts()` gives [[name, text], …] of the item on screen, the two to start with first.
   * @param {HTMLElement} place
   * @param {() => [name: string, text: string][]} texts
   */
  constructor(place, texts) {
    this.place = place;
    this.texts = texts;
    this.isOpen = false;
    /** What can be compared now. @type {[name: string, text: string][]} */
    this.known = [];
    /** The two that are. */
    this.chosen = [0, 1];
    this.body = make("div.difference", { dir: "auto", tabIndex: 0, "aria-live": "polite" });
    /** @type {symbol | null} */
    this.asked = null;
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  close() {
    this.isOpen = false;
    this.place.replaceChildren();
    this.place.hidden = true;
  }

  open() {
    const texts = this.texts();
    this.isOpen = true;
    this.place.hidden = false;
    if (texts.length < 2)
      return this.say(gettext("There is one text here. Edit or repair it, and the two can be compared."));
    this.known = texts;
    this.chosen = [0, 1];
    this.body.replaceChildren();
    const [left, right] = [
      this.select(pgettext("the list of left texts", "Compare"), 0),
      this.select(pgettext("the list of right texts", "with"), 1),
    ];
    const close = quietButton(gettext("Close"), () => this.close());
    const legend = make(
      "span.rondo-muted.legend",
      {},
      make("del", {}, gettext("only left")),
      " ",
      make("ins", {}, gettext("only right")),
    );
    this.place.replaceChildren(make("p.rondo-toolbar", {}, left, right, legend, make("span.space"), close), this.body);
    this.draw();
    return undefined;
  }

  /**
   * @param {string} label
   * @param {number} side 0 for the left one, 1 for the right
   */
  select(label, side) {
    const options = this.known.map(([name], n) => make("option", { value: String(n) }, name));
    const list = make("select", { "aria-label": label }, ...options);
    list.selectedIndex = this.chosen[side];
    list.addEventListener("change", () => this.choose(side, list.selectedIndex));
    return list;
  }

  /**
   * The keys are the desk's again once a text is chosen.
   * @param {number} side
   * @param {number} place
   */
  choose(side, place) {
    this.chosen[side] = place;
    this.body.focus({ preventScroll: true });
    return this.draw();
  }

  /** @param {string} text */
  say(text) {
    this.place.replaceChildren(make("p.rondo-muted", {}, text));
  }

  async draw() {
    const [left, right] = this.chosen.map((place) => this.known[place][1]);
    const asked = (this.asked = Symbol("diff"));
    const parts = await words(left, right);
    if (asked !== this.asked || !this.isOpen) return;
    if (!parts)
      return this.body.replaceChildren(
        make("p.rondo-muted", {}, gettext("These texts are too long or too different to compare word by word.")),
      );
    if (left === right) return this.body.replaceChildren(make("p.rondo-muted", {}, gettext("The two are the same.")));
    this.body.replaceChildren(...parts.map(([text, change]) => part(text, change)));
  }
}

/**
 * @param {string} text
 * @param {number} change
 */
function part(text, change) {
  if (!change) return document.createTextNode(text);
  return make(change < 0 ? "del" : "ins", { textContent: text });
}
