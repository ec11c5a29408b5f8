// @ts-check
// Painting the desk: the item, what was decided of it, the outcome of the last one.

import { gettext, ngettext } from "../gettext.js";
import { clearCommon } from "./diff.js";
import { draftBadge, hasDraft } from "./editor.js";
import { figures, make } from "./elements.js";
import { emptyPlace, whyEmpty } from "./empty.js";
import { judgeView, ownWords, reveal, seenNotice, theirWords } from "./judge.js";
import { prepare, written } from "./text.js";

const READY = 3;

/**
 * What painting needs. `follow(item)`: another item is on screen, or none. `more()` shows the whole of a long text.
 * @typedef {{parts: Parts, review: import("./review.js").Review, queue: import("./queue.js").Queue, mode: Mode,
 *   work: import("./work.js").Work, ledger: import("./ledger.js").Ledger, bar: import("./bar.js").Bar,
 *   stopwatch: import("./stopwatch.js").Stopwatch, compare: import("./compare.js").Compare,
 *   follow: (item: Item | undefined) => void, more: () => void}} ScreenNeeds
 */

export class Screen {
  /** @param {ScreenNeeds} needs */
  constructor({ parts, review, queue, mode, work, ledger, bar, stopwatch, compare, follow, more }) {
    this.parts = parts;
    this.review = review;
    this.queue = queue;
    this.mode = mode;
    this.work = work;
    this.ledger = ledger;
    this.bar = bar;
    this.stopwatch = stopwatch;
    this.compare = compare;
    this.follow = follow;
    this.more = more;
    /** The item on screen. @type {Item | undefined} */
    this.shown = undefined;
    /** Whether long texts are shown whole. */
    this.isWhole = false;
    /** What the outcome on screen is of. */
    this.revealed = "";
  }

  get isRaw() {
    return this.review.shows.text === "raw";
  }

  /** @param {string} value */
  text(value) {
    return written(value, { whole: this.isWhole, isRaw: this.isRaw, onMore: () => this.more() });
  }

  /** @param {{keep?: boolean}} how */
  paint({ keep = false } = {}) {
    if (this.work.isBegun) return this.bar.paint();
    const { parts, review, compare } = this;
    // A round that is closed has nothing to decide: no item stays on screen as if it had.
    const item = review.isOpen ? this.queue.current : undefined;
    if (item !== this.shown) keep = false;
    if (!keep) {
      this.stopwatch.start();
      this.isWhole = false;
    }
    clearCommon();
    this.shown = item;
    parts.desk.classList.toggle("is-empty", !item);
    parts.actions.hidden = !review.isOpen;
    if (parts.close) parts.close.hidden = !review.isOpen;
    parts.work.hidden = true;
    parts.answer.classList.remove("is-edited");
    if (compare.isOpen && !keep) compare.close();
    if (item) this.paintItem(item);
    else this.paintEmpty();
    this.paintReveal();
    this.bar.paint();
    if (!keep) this.after(item);
    return undefined;
  }

  /**
   * What the item on screen brings with it, and getting the next ones ready.
   * @param {Item | undefined} item
   */
  after(item) {
    if (item) this.parts.answer.scrollTop = 0;
    this.follow(item);
    const texts = this.queue
      .coming(READY)
      .flatMap((next) => [
        ...next.messages.map(({ content }) => content),
        ...(next.members || [next]).map(({ text }) => text),
      ]);
    prepare(texts, this.isRaw);
  }

  /** @param {Item} item */
  paintItem(item) {
    const { prompt, answer, facts, assist } = this.parts;
    prompt.replaceChildren(
      ...item.messages.map((message) =>
        make("div.message-of", {}, make("span.role", {}, message.role), ...this.text(message.content)),
      ),
    );
    if (item.members) {
      facts.textContent = groupFacts(item.members.length, item);
      assist.replaceChildren(...seenNotice(item, this.review.round));
    } else {
      answer.replaceChildren(...this.text(item.text));
      facts.textContent = sampleFacts(item);
      assist.replaceChildren(...this.judged(item));
    }
    // Who decides blind is told afterwards, by the answer.
    const { reason } = item;
    if (reason) facts.append(" ", make("span.reason", {}, gettext("Why here: {reason}", { reason })));
    if (item.is_random) {
      const title = gettext("Drawn at random, so that judge statistics stay honest");
      facts.append(" ", make("span.rondo-badge", { title }, gettext("drawn at random")));
    }
    if (item.flag) facts.append(" ", make("span.rondo-badge.warn", {}, gettext("⚑ flagged")));
    if (!item.members && hasDraft(this.review, item.sample_id)) facts.append(" ", draftBadge());
    this.mode.paint(item);
    this.paintMine();
    this.paintOthers(item);
  }

  /**
   * What the samples of a group are called on screen.
   * @param {Item} item
   */
  names(item) {
    return item.members ? this.mode.names?.(item) : undefined;
  }

  /** What the person decided on the item on screen, or has chosen so far. */
  paintMine() {
    const item = this.queue.current;
    if (!item) return;
    const { mine } = item;
    const words = mine ? ownWords(mine, this.names(item)) : "";
    const before = mine?.saved
      ? gettext("{words}. Another key changes it.", { words })
      : gettext("{words} (not saved yet). Another key changes it.", { words });
    this.parts.mine.textContent = this.mode.chosen?.(item) || (mine ? before : "");
    if (item.judge && !item.members && this.review.modeName === "sample")
      this.parts.assist.replaceChildren(...this.judged(item));
  }

  /**
   * The judge's view of a sample, where the person may see it, and what that means for their decision.
   * @param {Item} item
   */
  judged(item) {
    return item.judge ? [judgeView(item.judge), ...seenNotice(item, this.review.round)] : [];
  }

  /**
   * Colleagues' decisions, where the server sent them.
   * @param {Item} item
   */
  paintOthers(item) {
    if (!item.others.length) return;
    const names = this.names(item);
    const rows = item.others.map((other) => {
      const note = other.note ? make("p.note", { dir: "auto", textContent: other.note }) : null;
      return make("li", {}, make("b", {}, other.who), ` ${theirWords(other, names)}`, note);
    });
    this.parts.assist.append(make("div.others", {}, make("b", {}, gettext("Colleagues")), make("ul", {}, ...rows)));
  }

  paintEmpty() {
    const { prompt, answer, facts, mine, assist } = this.parts;
    for (const part of [prompt, facts, mine, assist]) part.replaceChildren();
    const goTo = (/** @type {Item} */ item) => {
      this.queue.goTo(item);
      this.paint();
    };
    const place = emptyPlace(this.review, this.queue, { isGroups: Boolean(this.mode.names), goTo });
    // It is painted again with every look at the server; a button that has the focus stays.
    if (answer.firstChild?.textContent !== place.textContent) answer.replaceChildren(place);
  }

  /** The outcome of the last decision. */
  paintReveal() {
    const item = this.ledger.last;
    const mine = item?.mine;
    const judged = item && (item.members || [item]).filter(({ judge }) => judge).length;
    const state = mine ? `${mine.client_id} ${mine.saved} ${judged}` : "";
    if (state === this.revealed) return;
    this.revealed = state;
    this.parts.revealed.replaceChildren(...(item && mine ? [reveal({ ...item, mine }, this.names(item))] : []));
  }

  /**
   * The server has an act of the person on the item.
   * @param {Item} item
   */
  paintActed(item) {
    if (item === this.ledger.last) this.paintReveal();
    if (item === this.shown && item.mine && !this.work.isBegun) this.paintMine();
  }

  /** What is on screen, in a few words. */
  get spoken() {
    const item = this.queue.current;
    if (!item || !this.review.isOpen) return whyEmpty(this.review, this.queue)[0];
    const values = { id: item.sample_id, left: figures(this.bar.left) };
    return item.members
      ? gettext("Group of sample {id}, {left} left", values)
      : gettext("Sample {id}, {left} left", values);
  }
}

/** @param {Item} item */
function sampleFacts({ sample_id: id, num_tokens, finish_reason, score_like }) {
  const values = { id, count: figures(num_tokens) };
  const facts =
    finish_reason === "length"
      ? ngettext(
          "Sample {id}, {count} token, cut off at the length limit.",
          "Sample {id}, {count} tokens, cut off at the length limit.",
          num_tokens,
          values,
        )
      : ngettext("Sample {id}, {count} token.", "Sample {id}, {count} tokens.", num_tokens, values);
  return score_like ? `${facts} ${SCORE_LIKE}` : facts;
}

/**
 * @param {number} shown how many samples of it are
 * @param {Item} item
 */
function groupFacts(shown, { sample_id: id, num_members }) {
  const values = { id, shown: figures(shown), count: figures(num_members) };
  return shown < num_members
    ? ngettext(
        "{shown} of {count} sample shown, of one prompt. Sample {id} is the first.",
        "{shown} of {count} samples shown, of one prompt. Sample {id} is the first.",
        num_members,
        values,
      )
    : ngettext(
        "{shown} sample, of one prompt. Sample {id} is the first.",
        "{shown} samples, of one prompt. Sample {id} is the first.",
        shown,
        values,
      );
}

const SCORE_LIKE = gettext("Contains something like a score.");
