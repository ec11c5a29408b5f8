// @ts-check
// Where the item's texts came from, and what was said of them: asked for when it is opened, for it may be long.

import { around, GAP, gettext } from "../gettext.js";
import { Details } from "./details.js";
import { make, number, VERDICTS } from "./elements.js";

const HIDDEN = gettext("Where the text came from and what was said of it is hidden until the review is over.");
const MORE = gettext("There are more of them; the list of samples, by step, has all.");

export class Chain extends Details {
  /** @param {Item} item */
  paths(item) {
    const ids = item.members ? item.members.map(({ sample_id }) => sample_id) : [item.sample_id];
    return ids.map((id) => `/samples/${id}/chain`);
  }

  /**
   * @param {Item} item
   * @param {any[]} chains
   */
  drawn(item, chains) {
    const shown = chains.flatMap((chain, n) => this.oneChain(chain, item.members ? n : null));
    return shown.length ? shown : [make("p.rondo-muted", {}, gettext("Nothing yet."))];
  }

  /**
   * One text's chain; `n` is its column. The texts above are those of all columns, so they stand once.
   * @param {any} chain
   * @param {number | null} n
   */
  oneChain(chain, n) {
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
