// @ts-check
// The comments at the sample on screen, asked for while they are open.

import { make } from "./elements.js";

export class Thread {
  /** @param {HTMLDetailsElement} place */
  constructor(place) {
    this.place = place;
    /** @type {Item | undefined} */
    this.item = undefined;
    this.timer = 0;
    /** The element of static/comments.js. @type {HTMLElement & {load?: () => void}} */
    this.comments = make("rondo-comments");
    place.append(this.comments);
    place.addEventListener("toggle", () => this.draw());
  }

  /**
   * The item on screen changed, or was decided on; asked for a moment later, so that fast keys ask nothing.
   * @param {Item | undefined} item
   */
  show(item) {
    this.item = item;
    clearTimeout(this.timer);
    if (this.place.open) this.timer = setTimeout(() => this.draw(), 250);
  }

  draw() {
    const id = this.place.open && this.item ? String(this.item.sample_id) : null;
    if (id === null) this.comments.removeAttribute("sample");
    else if (this.comments.getAttribute("sample") === id) this.comments.load?.();
    else this.comments.setAttribute("sample", id);
  }
}
