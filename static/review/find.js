// @ts-check
// Search inside the item: every place is marked, Enter goes to the next one. Nodes stay as they are.

import { gettext } from "../gettext.js";
import { make, quietButton } from "./elements.js";
import { rangesIn } from "./diff.js";

const ALL = "review-found";
const HERE = "review-found-here";
const MOST = 2000;

export class Find {
  /**
   * `inside()` gives the elements to look in, `unfold()` writes all of their texts.
   * @param {HTMLElement} place
   * @param {{inside: () => Node[], unfold: () => void}} how
   */
  constructor(place, { inside, unfold }) {
    this.place = place;
    this.inside = inside;
    this.unfold = unfold;
    /** @type {StaticRange[]} */
    this.ranges = [];
    this.at = 0;
    this.box = make("input", {
      type: "search",
      "aria-label": gettext("Search inside the item"),
      oninput: () => this.look(),
    });
    this.count = make("span.rondo-muted", { role: "status" });
    this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") this.close();
      else if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const close = quietButton(gettext("Close"), () => this.close());
    place.append(this.box, this.count, close);
  }

  open() {
    this.place.hidden = false;
    this.box.select();
    this.box.focus();
    this.look();
  }

  close() {
    this.place.hidden = true;
    this.box.blur();
    this.clear();
  }

  clear() {
    this.ranges = [];
    for (const name of [ALL, HERE]) globalThis.CSS?.highlights?.delete(name);
  }

  /** Look again: the words changed, or the item did. */
  look() {
    this.clear();
    if (this.place.hidden) return undefined;
    const wanted = this.box.value.toLowerCase();
    if (!wanted) return this.tell();
    this.unfold();
    for (const element of this.inside())
      this.ranges.push(...rangesIn(element, places(element.textContent || "", wanted)));
    this.ranges.length = Math.min(this.ranges.length, MOST);
    this.at = 0;
    if (globalThis.CSS?.highlights) CSS.highlights.set(ALL, new Highlight(...this.ranges));
    return this.show();
  }

  /** @param {number} step */
  go(step) {
    if (!this.ranges.length) return;
    this.at = (this.at + step + this.ranges.length) % this.ranges.length;
    this.show();
  }

  show() {
    const here = this.ranges[this.at];
    if (here) {
      if (globalThis.CSS?.highlights) CSS.highlights.set(HERE, new Highlight(here));
      here.startContainer.parentElement?.scrollIntoView({ block: "nearest" });
    }
    this.tell();
  }

  tell() {
    const { length } = this.ranges;
    const count = length ? gettext("{number} of {length}", { number: this.at + 1, length }) : gettext("not found");
    this.count.textContent = this.box.value ? count : "";
  }
}

/**
 * Places of the wanted words; a text whose length changes with its case is searched as it is written.
 * @param {string} text
 * @param {string} wanted
 */
function places(text, wanted) {
  const low = text.toLowerCase();
  const searched = low.length === text.length ? low : text;
  /** @type {[start: number, end: number][]} */
  const spans = [];
  for (
    let at = searched.indexOf(wanted);
    at >= 0 && spans.length < MOST;
    at = searched.indexOf(wanted, at + wanted.length)
  ) {
    spans.push([at, at + wanted.length]);
  }
  return spans;
}
