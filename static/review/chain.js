// Where the item's texts came from, and what was said of them: asked for when it is opened, for it may be long.

import { make, number } from "./elements.js";

export class Chain {
  /** `title(n)`: what the n-th of an item's samples is called on screen. */
  constructor(place, ask, title) {
    Object.assign(this, { place, ask, title, item: null });
    this.body = make("div.body");
    place.append(this.body);
    place.addEventListener("toggle", () => this.draw());
  }

  /** The item on screen changed; asked for a moment later, so that fast keys ask nothing. */
  show(item) {
    this.item = item;
    clearTimeout(this.timer);
    if (this.place.open) this.timer = setTimeout(() => this.draw(), 250);
  }

  async draw() {
    const { item } = this;
    if (!this.place.open || !item) return this.body.replaceChildren();
    const ids = item.members ? item.members.map(({ sample_id }) => sample_id) : [item.sample_id];
    const answer = await this.ask("review_chain", { sample_ids: ids });
    if (item !== this.item) return;
    if (!answer || answer.error) return this.body.replaceChildren(make("p.rondo-muted", {}, answer ? answer.error.message : "The server does not answer."));
    const shown = answer.chains.flatMap((chain, n) => this.drawn(chain, item.members ? n : null));
    this.body.replaceChildren(...(shown.length ? shown : [make("p.rondo-muted", {}, "Nothing yet.")]));
  }

  /** One text's chain; `n` is its column. The texts above are those of all columns, so they stand once. */
  drawn(chain, n) {
    const head = chain.made_by && !n ? [make("p.rondo-muted", {}, chain.made_by)] : [];
    const above = n ? [] : chain.above.map((one, place) => text(one, place ? "which is about" : "About"));
    const title = n === null || !chain.questions.length ? [] : [make("b", {}, `Sample ${this.title(n)}`)];
    const below = chain.questions.map((one) => make("div.about", {}, make("p.asked", { dir: "auto", textContent: one.asked }), ...one.answers.map((row) => text(row))));
    const more = chain.more ? [make("p.rondo-muted", {}, chain.more)] : [];
    return [...head, ...above, ...title, ...below, ...more];
  }
}

function text(one, before = "") {
  const link = make("a", { href: one.href, target: "_blank" }, `sample ${one.id}`);
  const said = make("span.rondo-muted", {}, [one.step, one.verdict, one.score === null ? "" : number(one.score)].filter(Boolean).join(", "));
  return make("div.link", {}, make("p", {}, before ? make("b", {}, before) : null, " ", link, " ", said), make("p.of", { dir: "auto", textContent: one.text }));
}
