// @ts-check
// Ranking the columns of a group: digits in order of rank, the mouse by dragging, a finger by the arrows.

import { make } from "./elements.js";

export class Ranking {
  /** @param {import("./mode_group.js").GroupMode} mode */
  constructor(mode) {
    this.mode = mode;
  }

  /** @param {GroupItem} item */
  toggle(item) {
    const pick = this.mode.pick(item);
    pick.order = pick.order ? null : [];
    pick.best = pick.worst = null;
    this.mode.desk.paint({ keep: true });
  }

  /**
   * The samples that have a rank, best first.
   * @param {GroupItem} item
   */
  order(item) {
    return this.mode.pick(item).order || [];
  }

  /**
   * The next rank goes to this sample; pressed again, it loses its rank.
   * @param {GroupItem} item
   * @param {number} id
   */
  place(item, id) {
    const pick = this.mode.pick(item);
    const order = this.order(item);
    pick.order = order.includes(id) ? order.filter((one) => one !== id) : [...order, id];
    this.mode.remark(item);
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
    return this.mode.remark(item);
  }

  /**
   * Put one sample at the rank of another.
   * @param {GroupItem} item
   * @param {number} id
   * @param {number} onto
   */
  drop(item, id, onto) {
    const pick = this.mode.pick(item);
    if (id === onto || !item.members.some(({ sample_id }) => sample_id === id)) return;
    const rest = this.order(item).filter((one) => one !== id);
    const at = rest.indexOf(onto);
    rest.splice(at < 0 ? rest.length : at, 0, id);
    pick.order = rest;
    this.mode.remark(item);
  }

  /** @param {GroupItem} item */
  submit(item) {
    const order = this.order(item);
    const left = item.members.length - order.length;
    if (left > 1) {
      this.mode.desk.hint(`${left} samples have no rank yet. Press their digits from best to worst.`);
      return true;
    }
    const last = item.members.map(({ sample_id }) => sample_id).filter((id) => !order.includes(id));
    this.mode.desk.decide("rank", { value: { order: [...order, ...last] } });
    return true;
  }

  /**
   * @param {HTMLElement} marks
   * @param {Choice} pick
   * @param {Sample} member
   */
  mark(marks, pick, member) {
    const rank = (pick.order || []).indexOf(member.sample_id);
    marks.append(make(`span.rondo-badge${rank < 0 ? "" : ".accent"}`, {}, rank < 0 ? "no rank" : `rank ${rank + 1}`));
  }

  /**
   * @param {Choice} pick
   * @param {Names} names
   * @param {number} all
   */
  chosen(pick, names, all) {
    const order = pick.order || [];
    const ranked = order.map(names).join(", ") || "none yet";
    const rest = all - order.length > 1 ? "Press digits from best to worst." : "Submit it.";
    return `Ranked from best to worst: ${ranked}. ${rest}`;
  }

  /**
   * @param {GroupItem} item
   * @param {Sample} member
   */
  foot(item, { sample_id }) {
    const name = this.mode.names(item)(sample_id);
    /** @type {(sign: string, label: string, step: number) => Node} */
    const arrow = (sign, label, step) =>
      make(
        "button.rondo-quiet",
        { type: "button", "aria-label": `${label} ${name}`, onclick: () => this.move(item, sample_id, step) },
        sign,
      );
    const isPlaced = this.order(item).includes(sample_id);
    const handle = make(
      "span.handle",
      { draggable: true, title: "Drag onto another column", "aria-hidden": "true" },
      "⠿",
    );
    handle.addEventListener("dragstart", (/** @type {any} */ event) => {
      event.dataTransfer.setData("text/plain", String(sample_id));
      event.dataTransfer.effectAllowed = "move";
    });
    const foot = make(
      "footer",
      {},
      handle,
      arrow("▲", "Better:", -1),
      arrow("▼", "Worse:", 1),
      make(
        "button.rondo-quiet",
        { type: "button", onclick: () => this.place(item, sample_id) },
        isPlaced ? "Take away" : "Next rank",
      ),
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
    const column = /** @type {any} */ (foot.closest(".column"));
    if (!column) return;
    column.ondragover = (/** @type {Event} */ event) => event.preventDefault();
    column.ondrop = (/** @type {any} */ event) => {
      event.preventDefault();
      this.drop(item, Number(event.dataTransfer.getData("text/plain")), id);
    };
  }
}
