// @ts-check
// Decisions of this person in other rounds that wait in this browser: a desk sends only those of its own round.

import { gettext, ngettext } from "../gettext.js";
import { figures, make, quietButton } from "./elements.js";
import { keepWords } from "./notes.js";

const ACT = /^rondo\.review\.(\d+)\.(\d+)\.(\d{15})\./;
/** Another tab needs a moment for what it sends. */
const MOMENT = 10000;

/**
 * The names of what waits, by round. `least`: milliseconds it has to be old.
 * @param {number} me
 * @param {number | null} own
 * @param {number} least
 * @returns {[round: number, names: string[]][]}
 */
function waiting(me, own, least) {
  const byRound = new Map();
  try {
    for (const name of Object.keys(localStorage)) {
      const [, who, round, at] = ACT.exec(name) || [];
      const isMeant = Number(who) === me && Number(round) !== own && Date.now() - Number(at) >= least;
      if (isMeant) byRound.set(Number(round), [...(byRound.get(Number(round)) || []), name]);
    }
  } catch {
    // A forbidden store keeps nothing.
  }
  return [...byRound].sort(([a], [b]) => a - b);
}

export class OtherRounds {
  /**
   * `own`: the round of this desk, which sends its own. `mayDecide`: where not, opening a round sends nothing.
   * @param {HTMLElement} place
   * @param {{me: number, rounds: RoundLink[], own?: number | null, mayDecide?: boolean}} how
   */
  constructor(place, { me, rounds, own = null, mayDecide = true }) {
    this.place = place;
    this.me = me;
    this.own = own;
    this.mayDecide = mayDecide;
    this.numbers = new Map(rounds.map(({ id, number }) => [id, number]));
    place.hidden = true;
    window.addEventListener("storage", () => place.hidden || this.look());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.lookLater());
    this.look();
  }

  lookLater() {
    this.look(this.place.hidden ? MOMENT : 0);
  }

  look(least = 0) {
    const lines = waiting(this.me, this.own, least).map(([round, names]) => this.line(round, names));
    const text = lines.map((line) => line.textContent).join("");
    // The same words stay as they are: a link that has the focus keeps it.
    if (text !== this.place.textContent || !lines.length) this.place.replaceChildren(...lines);
    this.place.hidden = !lines.length;
  }

  /**
   * @param {number} round
   * @param {string[]} names
   * @returns {HTMLElement}
   */
  line(round, names) {
    const { length } = names;
    const count = figures(length);
    const number = this.numbers.get(round);
    if (number === undefined) {
      const text = ngettext(
        "{count} decision in a round of another project, or in one that was deleted, is not saved yet. Choose its project above to send it.",
        "{count} decisions in a round of another project, or in one that was deleted, are not saved yet. Choose its project above to send them.",
        length,
        { count },
      );
      const label = length > 1 ? gettext("Give them up") : gettext("Give it up");
      return make(
        "p",
        {},
        `${text} `,
        quietButton(label, () => this.giveUp(names)),
      );
    }
    const text = ngettext(
      "{count} decision in round {round} is not saved yet.",
      "{count} decisions in round {round} are not saved yet.",
      length,
      { count, round: number },
    );
    if (!this.mayDecide) return make("p", {}, `${text} `, gettext("Kept in this browser until you may decide again."));
    const label = ngettext("Open that round to send it", "Open that round to send them", length);
    return make("p", {}, `${text} `, make("a", { href: `review?round=${round}` }, label));
  }

  /** @param {string[]} names */
  giveUp(names) {
    for (const name of names) {
      keepWords(this, JSON.parse(localStorage.getItem(name) || "{}") || {});
      localStorage.removeItem(name);
    }
    this.look();
  }
}
