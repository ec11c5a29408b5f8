// Ranking the columns of a group: digits in order of rank, the mouse by dragging, a finger by the arrows.

import { make } from "./elements.js";

export class Ranking {
  constructor(mode) {
    this.mode = mode;
  }

  toggle(item) {
    const pick = this.mode.pick(item);
    pick.order = pick.order ? null : [];
    pick.best = pick.worst = null;
    this.mode.desk.paint({ keep: true });
  }

  /** The next rank goes to this sample; pressed again, it loses its rank. */
  place(item, id) {
    const pick = this.mode.pick(item);
    pick.order = pick.order.includes(id) ? pick.order.filter((one) => one !== id) : [...pick.order, id];
    this.mode.remark(item);
  }

  move(item, id, step) {
    const { order } = this.mode.pick(item);
    const at = order.indexOf(id);
    if (at < 0) return this.place(item, id);
    const to = Math.min(order.length - 1, Math.max(0, at + step));
    order.splice(to, 0, order.splice(at, 1)[0]);
    return this.mode.remark(item);
  }

  /** Put one sample at the rank of another. */
  drop(item, id, onto) {
    const pick = this.mode.pick(item);
    if (id === onto || !item.members.some(({ sample_id }) => sample_id === id)) return;
    const rest = pick.order.filter((one) => one !== id);
    const at = rest.indexOf(onto);
    rest.splice(at < 0 ? rest.length : at, 0, id);
    pick.order = rest;
    this.mode.remark(item);
  }

  submit(item) {
    const { order } = this.mode.pick(item);
    const left = item.members.length - order.length;
    if (left > 1) {
      this.mode.desk.hint(`${left} samples have no rank yet. Press their digits from best to worst.`);
      return true;
    }
    const last = item.members.map(({ sample_id }) => sample_id).filter((id) => !order.includes(id));
    this.mode.desk.decide("rank", { value: { order: [...order, ...last] } });
    return true;
  }

  mark(marks, pick, member) {
    const rank = pick.order.indexOf(member.sample_id);
    marks.append(make(`span.rondo-badge${rank < 0 ? "" : ".accent"}`, {}, rank < 0 ? "no rank" : `rank ${rank + 1}`));
  }

  chosen(pick, names, all) {
    const ranked = pick.order.map(names).join(", ") || "none yet";
    const rest = all - pick.order.length > 1 ? "Press digits from best to worst." : "Submit it.";
    return `Ranked from best to worst: ${ranked}. ${rest}`;
  }

  foot(item, { sample_id }) {
    const name = this.mode.names(item)(sample_id);
    const arrow = (sign, label, step) =>
      make(
        "button.rondo-quiet",
        { type: "button", "aria-label": `${label} ${name}`, onclick: () => this.move(item, sample_id, step) },
        sign,
      );
    const isPlaced = this.mode.pick(item).order.includes(sample_id);
    const handle = make(
      "span.handle",
      { draggable: true, title: "Drag onto another column", "aria-hidden": "true" },
      "⠿",
    );
    handle.addEventListener("dragstart", (event) => {
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

  catchDrops(item, foot, id) {
    const column = foot.closest(".column");
    if (!column) return;
    column.ondragover = (event) => event.preventDefault();
    column.ondrop = (event) => {
      event.preventDefault();
      this.drop(item, Number(event.dataTransfer.getData("text/plain")), id);
    };
  }
}
