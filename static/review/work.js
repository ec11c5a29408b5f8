// @ts-check
// What is being written on an item: while something is, keys are letters, and the item stays on screen.

const FIELDS = "textarea, input, button";

export class Work {
  /**
   * `item()` is what the desk shows, `ended()` paints it again.
   * @param {{answer: HTMLElement, work: HTMLElement}} parts
   * @param {{item: () => Item | undefined, ended: () => void}} how
   */
  constructor({ answer, work }, { item, ended }) {
    this.answer = answer;
    this.place = work;
    this.shown = item;
    this.ended = ended;
    /** @type {{item: Item | undefined, text: (() => string) | null} | null} */
    this.begun = null;
  }

  get isBegun() {
    return this.begun !== null;
  }

  /** The item that is written on. */
  get item() {
    return this.begun?.item;
  }

  /** What is written so far; empty where that is no text of the sample. */
  get text() {
    return this.begun?.text?.() || "";
  }

  /** Where it is written. */
  get field() {
    const field = this.answer.querySelector(FIELDS) || this.place.querySelector(FIELDS);
    return this.isBegun ? /** @type {HTMLElement | null} */ (field) : null;
  }

  /**
   * `inPlace`: it stands where the text stood. `text()`: what is written so far.
   * @param {Node[]} nodes
   * @param {{inPlace?: boolean, text?: (() => string) | null}} how
   */
  begin(nodes, { inPlace = false, text = null } = {}) {
    const place = inPlace && !this.shown()?.members ? this.answer : this.place;
    this.begun = { item: this.item || this.shown(), text };
    this.place.hidden = place !== this.place;
    this.answer.classList.toggle("is-edited", place === this.answer);
    place.replaceChildren(...nodes);
  }

  /** It became a decision: what is painted next takes its place. */
  drop() {
    this.begun = null;
  }

  end() {
    this.begun = null;
    this.place.hidden = true;
    this.place.replaceChildren();
    this.ended();
    this.answer.focus({ preventScroll: true });
  }
}
