// @ts-check
// Up to eight samples of one prompt side by side: the best and the worst of them, or a rank for each.

import { keyName, make } from "./elements.js";
import { Columns } from "./mode_columns.js";
import { Ranking } from "./ranking.js";

export class GroupMode extends Columns {
  /** @param {Desk} desk */
  constructor(desk) {
    super(desk);
    this.ranking = new Ranking(this);
  }

  /** @returns {ButtonOf[]} */
  get buttons() {
    return [
      ["submit", "Submit", "accept"],
      ["tie", "Tie", ""],
      ["none", "All bad", "reject"],
      ["rank", "Rank", ""],
    ];
  }

  /** @param {string} name */
  knows(name) {
    const most = this.desk.queue.current?.members?.length || 8;
    const column = /^(?:best|worst)_(\d)$/.exec(name);
    return !column || Number(column[1]) <= most;
  }

  /** @param {string} name */
  run(name) {
    const { item } = this;
    if (!item) return false;
    const column = /^(best|worst)_(\d)$/.exec(name);
    if (column) this.choose(item, column[1] === "best" ? "best" : "worst", item.members[Number(column[2]) - 1]);
    else if (name === "tie") this.tie(item);
    else if (name === "none") this.allBad(item);
    else if (name === "rank") this.ranking.toggle(item);
    else return false;
    return true;
  }

  /**
   * Out of ranking, or of what was chosen so far.
   * @param {GroupItem} item
   */
  leave(item) {
    const pick = this.pick(item);
    if (pick.order) this.ranking.toggle(item);
    else if (pick.best || pick.worst) {
      this.forget(item);
      this.remark(item);
    }
  }

  /**
   * @param {GroupItem} item
   * @param {"best" | "worst"} what
   * @param {Sample | undefined} member
   */
  choose(item, what, member) {
    if (!member) return;
    const pick = this.pick(item);
    if (pick.order) {
      if (what === "best") this.ranking.place(item, member.sample_id);
      else this.desk.hint("While you rank, digits alone give the ranks, from best to worst.");
      return;
    }
    const id = member.sample_id;
    const other = what === "best" ? "worst" : "best";
    pick[what] = pick[what] === id ? null : id;
    if (pick[other] === id) pick[other] = null;
    if (pick.best === id) this.desk.questions.turn(member);
    this.remark(item);
  }

  /** Decide by what was chosen; false where nothing was. */
  submit() {
    const { item } = this;
    const pick = item && this.pick(item);
    if (!pick || (!pick.best && !pick.worst && !pick.order)) return false;
    if (pick.order) return this.ranking.submit(item);
    if (!pick.best && item.members.length > 2) this.desk.hint("Choose the best one too, then submit.");
    else {
      const best = pick.best || item.members.find(({ sample_id }) => sample_id !== pick.worst)?.sample_id;
      this.prefer({ best, worst: pick.worst });
    }
    return true;
  }

  /**
   * Show the choice without painting the texts again.
   * @param {GroupItem} item
   */
  remark(item) {
    for (const column of this.desk.parts.answer.querySelectorAll(".column")) {
      const member = item.members.find(({ sample_id }) => String(sample_id) === column.dataset.sample);
      if (!member) continue;
      const marks = column.querySelector(".marks");
      marks.replaceChildren();
      column.classList.remove("is-best", "is-worst");
      this.mark(column, marks, item, member);
      this.refoot(column, this.foot(item, member, item.members.indexOf(member)));
    }
    this.desk.tellChoice();
  }

  /**
   * New buttons below a column. A focus that a key brought stays; after a click the keys are the desk's.
   * @param {HTMLElement} column
   * @param {HTMLElement} foot
   */
  refoot(column, foot) {
    const before = column.querySelector("footer");
    if (!before) return;
    const at = [...before.querySelectorAll("button")].findIndex((one) => one.matches(":focus-visible"));
    before.replaceWith(foot);
    foot.querySelectorAll("button")[at]?.focus({ preventScroll: true });
  }

  /**
   * @param {HTMLElement} column
   * @param {HTMLElement} marks
   * @param {GroupItem} item
   * @param {Sample} member
   */
  mark(column, marks, item, member) {
    const pick = this.pick(item);
    if (pick.order) return this.ranking.mark(marks, pick, member);
    const chosen = pick.best || pick.worst ? pick : item.mine?.value || {};
    if (chosen.best === member.sample_id) {
      column.classList.add("is-best");
      marks.append(make("span.rondo-badge.ok", {}, "▲ best"));
    }
    if (chosen.worst === member.sample_id) {
      column.classList.add("is-worst");
      marks.append(make("span.rondo-badge.bad", {}, "▼ worst"));
    }
    return undefined;
  }

  /**
   * @param {GroupItem} item
   * @param {Sample} member
   * @param {number} n
   * @returns {HTMLElement}
   */
  foot(item, member, n) {
    const pick = this.pick(item);
    if (pick.order) return this.ranking.foot(item, member);
    /** @type {(what: "best" | "worst", label: string) => HTMLElement} */
    const button = (what, label) => {
      const key = this.desk.bindings.first(`${what}_${n + 1}`);
      const isChosen = pick[what] === member.sample_id;
      const hint = key ? make("kbd", { "aria-hidden": "true" }, keyName(key)) : null;
      return make(
        "button.rondo-quiet",
        {
          type: "button",
          "aria-pressed": String(isChosen),
          "aria-label": `${label}: sample ${this.title(n)}`,
          onclick: () => this.choose(item, what, member),
        },
        label,
        hint,
      );
    };
    return make("footer", {}, button("best", "Best"), button("worst", "Worst"));
  }

  /**
   * What is chosen, in words.
   * @param {GroupItem} item
   */
  chosen(item) {
    const pick = this.pick(item);
    const names = this.names(item);
    if (pick.order) return this.ranking.chosen(pick, names, item.members.length);
    const parts = [pick.best ? `best ${names(pick.best)}` : "", pick.worst ? `worst ${names(pick.worst)}` : ""].filter(
      Boolean,
    );
    return parts.length ? `Chosen: ${parts.join(", ")}. ${this.desk.questions.afterChoice(item, pick)}` : "";
  }
}
