// @ts-check
// Samples of one prompt side by side, and the mode with two of them in hidden order (pair).

import { gettext, ngettext } from "../gettext.js";
import { greyCommon } from "./diff.js";
import { draftBadge, hasDraft } from "./editor.js";
import { make } from "./elements.js";
import { verdictLine } from "./judge.js";

const LETTERS = "AB";

export class Columns {
  /** @param {ModeNeeds} needs */
  constructor({ review, queue, answer, text, isShown, decide }) {
    this.review = review;
    this.queue = queue;
    this.answer = answer;
    this.text = text;
    this.isShown = isShown;
    this.decide = decide;
    /** @type {WeakMap<GroupItem, Choice>} */
    this.picks = new WeakMap();
  }

  get item() {
    return /** @type {GroupItem | undefined} */ (this.queue.current);
  }

  /**
   * What was chosen on an item so far.
   * @param {GroupItem} item
   * @returns {Choice}
   */
  pick(item) {
    const known = this.picks.get(item);
    if (known) return known;
    const pick = { best: null, worst: null };
    this.picks.set(item, pick);
    return pick;
  }

  /**
   * Decided: where the item comes back, it is as it was at first.
   * @param {GroupItem} item
   */
  forget(item) {
    this.picks.delete(item);
  }

  /**
   * @param {GroupItem} item
   * @returns {Names}
   */
  names(item) {
    return (id) =>
      this.title(
        Math.max(
          0,
          item.members.findIndex(({ sample_id }) => sample_id === id),
        ),
      );
  }

  /** @param {string} _name */
  knows(_name) {
    return true;
  }

  /** @param {number} n */
  title(n) {
    return String(n + 1);
  }

  /**
   * What stands below a column.
   * @param {GroupItem} _item
   * @param {Sample} _member
   * @param {number} _n
   * @returns {HTMLElement | null}
   */
  foot(_item, _member, _n) {
    return null;
  }

  /**
   * Show on a column what was chosen.
   * @param {HTMLElement} _column
   * @param {HTMLElement} _marks
   * @param {GroupItem} _item
   * @param {Sample} _member
   */
  mark(_column, _marks, _item, _member) {}

  /** @param {object} value */
  prefer(value) {
    this.decide("prefer", { value });
  }

  /**
   * Those one has seen: what a pair leaves out, or a group of more than fit, keeps its label.
   * @param {GroupItem} item
   */
  allBad(item) {
    this.prefer({ all_bad: item.members.map(({ sample_id }) => sample_id) });
  }

  /** @param {GroupItem} item */
  tie(item) {
    this.prefer({ tie: item.members.map(({ sample_id }) => sample_id) });
  }

  /** @param {GroupItem} item */
  paint(item) {
    const columns = item.members.map((member, n) => this.column(item, member, n));
    this.answer.replaceChildren(make("div.columns", {}, ...columns));
    if (this.review.shows.grey_common) this.grey(item, columns);
  }

  /**
   * @param {GroupItem} item
   * @param {HTMLElement[]} columns
   */
  grey(item, columns) {
    const bodies = columns.map((column) => /** @type {HTMLElement} */ (column.querySelector(".body")));
    // After the paint: the keys come first.
    setTimeout(() => greyCommon(bodies, () => this.isShown(item) && bodies[0].isConnected));
  }

  /**
   * @param {GroupItem} item
   * @param {Sample} member
   * @param {number} n
   */
  column(item, member, n) {
    const name = this.title(n);
    const count = member.num_tokens;
    const size =
      member.finish_reason === "length"
        ? ngettext("{count} token, cut off", "{count} tokens, cut off", count, { count })
        : ngettext("{count} token", "{count} tokens", count, { count });
    const marks = make("span.marks");
    const head = make(
      "header",
      {},
      make("b.name", {}, name),
      marks,
      hasDraft(this.review, member.sample_id) ? draftBadge() : null,
      make("span.rondo-muted.size", {}, size),
    );
    const turns = (member.turns || []).map(({ role, content }) =>
      make("div.message-of", {}, make("span.role", {}, role), ...this.text(content)),
    );
    const body = make("div.body", { tabIndex: 0 }, ...turns, ...this.text(member.text));
    const judged = member.judge ? make("div.judged", {}, verdictLine(member.judge)) : null;
    const column = make(
      "section.column",
      { "aria-label": gettext("Sample {name}", { name }) },
      head,
      body,
      judged,
      this.foot(item, member, n),
    );
    column.dataset.sample = String(member.sample_id);
    this.mark(column, marks, item, member);
    return column;
  }
}

export class PairMode extends Columns {
  /** @returns {ButtonOf[]} */
  get buttons() {
    return [
      ["first", gettext("A is better"), "accept"],
      ["tie", gettext("Tie"), ""],
      ["none", gettext("Both are bad"), "reject"],
      ["second", gettext("B is better"), "accept"],
    ];
  }

  /** @param {number} n */
  title(n) {
    return LETTERS[n];
  }

  /** @param {string} name */
  run(name) {
    const { item } = this;
    if (!item) return false;
    const [a, b] = item.members.map(({ sample_id }) => sample_id);
    if (name === "first") this.prefer({ best: a, worst: b });
    else if (name === "second") this.prefer({ best: b, worst: a });
    else if (name === "tie") this.tie(item);
    else if (name === "none") this.allBad(item);
    else return false;
    return true;
  }

  submit() {
    return false;
  }

  /**
   * @param {HTMLElement} column
   * @param {HTMLElement} marks
   * @param {GroupItem} item
   * @param {Sample} member
   */
  mark(column, marks, item, member) {
    const value = item.mine?.value || {};
    if (value.best === member.sample_id) marks.append(make("span.rondo-badge.ok", {}, gettext("your choice")));
  }
}
