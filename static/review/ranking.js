// @ts-check
// Ranking the columns of a group: digits in order of rank, the mouse by dragging, a finger by the arrows.

import { gettext, ngettext } from "../gettext.js";
import { make, quietButton } from "./elements.js";

/**
 * What ranking needs. `pick(item)`: what was chosen on it so far. `remark(item)` shows the choice, `paint()` all of it.
 * @typedef {{pick: (item: GroupItem) => Choice, names: (item: GroupItem) => Names, remark: (item: GroupItem) => void,
 *   paint: () => void, hint: (text: string) => void, decide: (value: {order: number[]}) => void}} RankingNeeds
 */

export class Ranking {
  /** @param {RankingNeeds} needs */
  constructor({ pick, names, remark, paint, hint, decide }) {
    this.pick = pick;
    this.names = names;
    this.remark = remark;
    this.paint = paint;
    this.hint = hint;
    this.decide = decide;
  }

  /** @param {GroupItem} item */
  toggle(item) {
    const pick = this.pick(item);
    pick.order = pick.order ? null : [];
    pick.best = pick.worst = null;
    this.paint();
  }

  /**
   * The samples that have a rank, best first.
   * @param {GroupItem} item
   */
  order(item) {
    return this.pick(item).order || [];
  }

  /**
   * The next rank goes to this sample; pressed again, it loses its rank.
   * @param {GroupItem} item
   * @param {number} id
   */
  place(item, id) {
    const pick = this.pick(item);
    const order = this.order(item);
    pick.order = order.includes(id) ? order.filter((ranked) => ranked !== id) : [...order, id];
    this.remark(item);
  }

  /**
   * @param {GroupItem} item
   * @param {number} id
   * @param {number} step
   */
  move(item, id, step) {
    const order = this.order(item);
    const at = order.indexOf(id);
    if (at < 0) return this.place(item, id);
    const to = Math.min(order.length - 1, Math.max(0, at + step));
    order.splice(to, 0, order.splice(at, 1)[0]);
    return this.remark(item);
  }

  /**
   * Put one sample at the rank of another.
   * @param {GroupItem} item
   * @param {number} id
   * @param {number} onto
   */
  drop(item, id, onto) {
    const pick = this.pick(item);
    if (id === onto || !item.members.some(({ sample_id }) => sample_id === id)) return;
    const rest = this.order(item).filter((ranked) => ranked !== id);
    const at = rest.indexOf(onto);
    rest.splice(at < 0 ? rest.length : at, 0, id);
    pick.order = rest;
    this.remark(item);
  }

  /** @param {GroupItem} item */
  submit(item) {
    const order = this.order(item);
    const left = item.members.length - order.length;
    if (left > 1) {
      const words = ngettext(
        "{left} sample has no rank yet. Press its digit.",
        "{left} samples have no rank yet. Press their digits from best to worst.",
        left,
        { left },
      );
      this.hint(words);
      return true;
    }
    const last = item.members.map(({ sample_id }) => sample_id).filter((id) => !order.includes(id));
    this.decide({ order: [...order, ...last] });
    return true;
  }

  /**
   * @param {HTMLElement} marks
   * @param {Choice} pick
   * @param {Sample} member
   */
  mark(marks, pick, member) {
    const rank = (pick.order || []).indexOf(member.sample_id);
    const words = rank < 0 ? gettext("no rank") : gettext("rank {rank}", { rank: rank + 1 });
    marks.append(make(`span.rondo-badge${rank < 0 ? "" : ".accent"}`, {}, words));
  }

  /**
   * @param {Choice} pick
   * @param {Names} names
   * @param {number} all
   */
  chosen(pick, names, all) {
    const order = pick.order || [];
    const ranked = order.map(names).join(", ") || gettext("none yet");
    return all - order.length > 1
      ? gettext("Ranked from best to worst: {ranked}. Press digits from best to worst.", { ranked })
      : gettext("Ranked from best to worst: {ranked}. Submit it.", { ranked });
  }

  /**
   * @param {GroupItem} item
   * @param {Sample} member
   */
  foot(item, { sample_id }) {
    const name = this.names(item)(sample_id);
    /** @type {(sign: string, label: string, step: number) => Node} */
    const arrow = (sign, label, step) =>
      quietButton(sign, () => this.move(item, sample_id, step), { "aria-label": label });
    const isPlaced = this.order(item).includes(sample_id);
    const handle = make(
      "span.handle",
      { draggable: true, title: gettext("Drag onto another column"), "aria-hidden": "true" },
      "⠿",
    );
    handle.addEventListener("dragstart", ({ dataTransfer }) => {
      if (!dataTransfer) return;
      dataTransfer.setData("text/plain", String(sample_id));
      dataTransfer.effectAllowed = "move";
    });
    const foot = make(
      "footer",
      {},
      handle,
      arrow("▲", gettext("Better: {name}", { name }), -1),
      arrow("▼", gettext("Worse: {name}", { name }), 1),
      quietButton(isPlaced ? gettext("Take away") : gettext("Next rank"), () => this.place(item, sample_id)),
    );
    queueMicrotask(() => this.catchDrops(item, foot, sample_id));
    return foot;
  }

  /**
   * @param {GroupItem} item
   * @param {HTMLElement} foot
   * @param {number} id
   */
  catchDrops(item, foot, id) {
    const column = /** @type {HTMLElement | null} */ (foot.closest(".column"));
    if (!column) return;
    column.ondragover = (event) => event.preventDefault();
    column.ondrop = (event) => {
      event.preventDefault();
      this.drop(item, Number(event.dataTransfer?.getData("text/plain")), id);
    };
  }
}
