// @ts-check
// Where the item's texts came from, and what was said of them: asked for when it is opened, for it may be long.

import { around, GAP, gettext } from "../gettext.js";
import { make, number, VERDICTS } from "./elements.js";

const HIDDEN = gettext("Where the text came from and what was said of it is hidden until the review is over.");
const MORE = gettext("There are more of them; the list of samples, by step, has all.");

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
    const wrong = chains.find((chain) => !chain || chain.error);
    const isWrong = chains.some((chain) => !chain || chain.error);
    if (isWrong)
      return this.body.replaceChildren(
        make("p.rondo-muted", {}, wrong ? wrong.error.message : gettext("The server does not answer.")),
      );
    const shown = chains.flatMap((chain, n) => this.drawn(chain, item.members ? n : null));
    this.body.replaceChildren(...(shown.length ? shown : [make("p.rondo-muted", {}, gettext("Nothing yet."))]));
  }

  /**
   * One text's chain; `n` is its column. The texts above are those of all columns, so they stand once.
   * @param {any} chain
   * @param {number | null} n
   */
  drawn(chain, n) {
    const { names } = chain;
    const values = { number: chain.step + 1, name: names[chain.step], role: chain.role };
    const origin = gettext("step {number} ({name}), role {role}", values);
    const head = names[chain.step] && !n ? [make("p.rondo-muted", {}, origin)] : [];
    const above = n
      ? []
      : chain.above.map((/** @type {any} */ source, /** @type {number} */ place) =>
          text(
            source,
            names,
            place ? gettext("which is about {sample}", { sample: GAP }) : gettext("About {sample}", { sample: GAP }),
          ),
        );
    const title =
      n === null || !chain.questions.length ? [] : [make("b", {}, gettext("Sample {name}", { name: this.title(n) }))];
    const below = chain.questions.map((/** @type {any} */ question) =>
      make(
        "div.about",
        {},
        make("p.asked", { dir: "auto", textContent: question.asked }),
        ...question.answers.map((/** @type {any} */ row) => text(row, names)),
      ),
    );
    const rest = chain.is_hidden ? HIDDEN : chain.has_more ? MORE : "";
    const more = rest ? [make("p.rondo-muted", {}, rest)] : [];
    return [...head, ...above, ...title, ...below, ...more];
  }
}

/**
 * @param {any} sample
 * @param {Record<number, string>} names
 * @param {string} sentence in which the link to it stands
 */
function text({ id, step, verdict, score, text: words }, names, sentence = GAP) {
  const [before, after] = around(sentence);
  const link = make("a", { href: `samples?sample=${id}`, target: "_blank" }, gettext("sample {id}", { id }));
  const label = make(
    "span.rondo-muted",
    {},
    [names[step], VERDICTS[verdict] ?? verdict, score === null ? "" : number(score)].filter(Boolean).join(", "),
  );
  return make(
    "div.link",
    {},
    make("p", {}, before && make("b", {}, before), link, after && make("b", {}, after), " ", label),
    make("p.of", { dir: "auto", textContent: words }),
  );
}
