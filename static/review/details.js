// @ts-check
// A part of the desk that is drawn when it is opened, for it may be long: of the item that is on screen then.

import { gettext } from "../gettext.js";
import { make } from "./elements.js";

const WAIT_MS = 250;

export class Details {
  /**
   * `title(n)`: what the n-th of an item's samples is called on screen.
   * @param {HTMLDetailsElement} place
   * @param {import("./rest.js").Rest} rest
   * @param {(n: number) => string} title
   */
  constructor(place, rest, title) {
    this.place = place;
    this.rest = rest;
    this.title = title;
    /** @type {Item | undefined} */
    this.item = undefined;
    this.timer = 0;
    this.body = make("div.body");
    place.append(this.body);
    place.addEventListener("toggle", () => this.draw());
  }

  /**
   * The item on screen changed; asked for a moment later, so that fast keys ask nothing.
   * @param {Item | undefined} item
   */
  show(item) {
    this.item = item;
    clearTimeout(this.timer);
    if (this.place.open) this.timer = setTimeout(() => this.draw(), WAIT_MS);
  }

  async draw() {
    const { item } = this;
    if (!this.place.open || !item) return this.body.replaceChildren();
    const paths = this.paths(item);
    const answers = await Promise.all(paths.map((path) => this.rest.get(path)));
    if (item !== this.item) return;
    const isWrong = (/** @type {any} */ answer) => !answer || answer.error;
    if (answers.some(isWrong)) {
      const wrong = answers.find(isWrong);
      const words = wrong ? wrong.error.message : gettext("The server does not answer.");
      return this.body.replaceChildren(make("p.rondo-muted", {}, words));
    }
    this.body.replaceChildren(...this.drawn(item, answers));
  }

  /**
   * What is asked of REST for an item.
   * @param {Item} item
   * @returns {string[]}
   */
  paths(item) {
    throw new Error(`no paths for ${item.sample_id}`);
  }

  /**
   * What is shown of the answers, in the order of the paths.
   * @param {Item} item
   * @param {any[]} answers
   * @returns {Node[]}
   */
  drawn(item, answers) {
    throw new Error(`nothing is drawn for ${item.sample_id}, ${answers.length}`);
  }
}
