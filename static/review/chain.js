// @ts-check
// Where the item's texts came from, and what was said of them: asked for when it is opened, for it may be long.

import { make, number } from "./elements.js";

const HIDDEN = "Where the text came from and what was said of it is hidden until the review is over.";
const MORE = "There are more of them; the list of samples, by step, has all.";

export class Chain {
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
    if (this.place.open) this.timer = setTimeout(() => this.draw(), 250);
  }

  async draw() {
    const { item } = this;
    if (!this.place.open || !item) return this.body.replaceChildren();
    const ids = item.members ? item.members.map(({ sample_id }) => sample_id) : [item.sample_id];
    const chains = await Promise.all(ids.map((id) => this.rest.get(`/samples/${id}/chain`)));
    if (item !== this.item) return;
    const wrong = chains.find((one) => !one || one.error);
    const isWrong = chains.some((one) => !one || one.error);
    if (isWrong)
      return this.body.replaceChildren(
        make("p.rondo-muted", {}, wrong ? wrong.error.message : "The server does not answer."),
      );
    const shown = chains.flatMap((chain, n) => this.drawn(chain, item.members ? n : null));
    this.body.replaceChildren(...(shown.length ? shown : [make("p.rondo-muted", {}, "Nothing yet.")]));
  }

  /**
   * One text's chain; `n` is its column. The texts above are those of all columns, so they stand once.
   * @param {any} chain
   * @param {number | null} n
   */
  drawn(chain, n) {
    const { names } = chain;
    const madeBy = names[chain.step] && `step ${chain.step + 1} (${names[chain.step]}), role ${chain.role}`;
    const head = madeBy && !n ? [make("p.rondo-muted", {}, madeBy)] : [];
    const above = n
      ? []
      : chain.above.map((/** @type {any} */ one, /** @type {number} */ place) =>
          text(one, names, place ? "which is about" : "About"),
        );
    const title = n === null || !chain.questions.length ? [] : [make("b", {}, `Sample ${this.title(n)}`)];
    const below = chain.questions.map((/** @type {any} */ one) =>
      make(
        "div.about",
        {},
        make("p.asked", { dir: "auto", textContent: one.asked }),
        ...one.answers.map((/** @type {any} */ row) => text(row, names)),
      ),
    );
    const rest = chain.is_hidden ? HIDDEN : chain.has_more ? MORE : "";
    const more = rest ? [make("p.rondo-muted", {}, rest)] : [];
    return [...head, ...above, ...title, ...below, ...more];
  }
}

/**
 * @param {any} one
 * @param {Record<number, string>} names
 * @param {string} before
 */
function text(one, names, before = "") {
  const link = make("a", { href: `samples?sample=${one.id}`, target: "_blank" }, `sample ${one.id}`);
  const said = make(
    "span.rondo-muted",
    {},
    [names[one.step], one.verdict, one.score === null ? "" : number(one.score)].filter(Boolean).join(", "),
  );
  return make(
    "div.link",
    {},
    make("p", {}, before ? make("b", {}, before) : null, " ", link, " ", said),
    make("p.of", { dir: "auto", textContent: one.text }),
  );
}
