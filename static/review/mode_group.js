// @ts-check
// Up to eight samples of one prompt side by side: the best and the worst of them, or a rank for each.

import { gettext } from "../gettext.js";
import { keyHint, make } from "./elements.js";
import { Columns } from "./mode_columns.js";
import { Ranking } from "./ranking.js";

export class GroupMode extends Columns {
  /** @param {ModeNeeds} needs */
  constructor(needs) {
    super(needs);
    const { status, bindings, paint, paintMine, asks, decide } = needs;
    this.status = status;
    this.bindings = bindings;
    this.paintMine = paintMine;
    this.asks = asks;
    this.ranking = new Ranking({
      pick: (item) => this.pick(item),
      names: (item) => this.names(item),
      remark: (item) => this.remark(item),
      paint: () => paint({ keep: true }),
      hint: (text) => status.hint(text),
      decide: (value) => decide("rank", { value }),
    });
  }

  /** @returns {ButtonOf[]} */
  get buttons() {
    return [
      ["submit", gettext("Submit"), "accept"],
      ["tie", gettext("Tie"), ""],
      ["none", gettext("All bad"), "reject"],
      ["rank", gettext("Rank"), ""],
    ];
  }

  /** @param {string} name */
  knows(name) {
    const most = this.item?.members?.length || 8;
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
      else this.status.hint(gettext("While you rank, digits alone give the ranks, from best to worst."));
      return;
    }
    const id = member.sample_id;
    const other = what === "best" ? "worst" : "best";
    pick[what] = pick[what] === id ? null : id;
    if (pick[other] === id) pick[other] = null;
    if (pick.best === id) this.asks.turn(member);
    this.remark(item);
  }

  /** Decide by what was chosen; false where nothing was. */
  submit() {
    const { item } = this;
    const pick = item && this.pick(item);
    if (!pick || (!pick.best && !pick.worst && !pick.order)) return false;
    if (pick.order) return this.ranking.submit(item);
    if (!pick.best && item.members.length > 2) this.status.hint(gettext("Choose the best one too, then submit."));
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
    for (const column of /** @type {NodeListOf<HTMLElement>} */ (this.answer.querySelectorAll(".column"))) {
      const member = item.members.find(({ sample_id }) => String(sample_id) === column.dataset.sample);
      if (!member) continue;
      const marks = /** @type {HTMLElement} */ (column.querySelector(".marks"));
      marks.replaceChildren();
      column.classList.remove("is-best", "is-worst");
      this.mark(column, marks, item, member);
      this.refoot(column, this.foot(item, member, item.members.indexOf(member)));
    }
    this.paintMine();
  }

  /**
   * New buttons below a column. A focus that a key brought stays; after a click the keys are the desk's.
   * @param {HTMLElement} column
   * @param {HTMLElement} foot
   */
  refoot(column, foot) {
    const before = column.querySelector("footer");
    if (!before) return;
    const at = [...before.querySelectorAll("button")].findIndex((button) => button.matches(":focus-visible"));
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
      marks.append(make("span.rondo-badge.ok", {}, gettext("▲ best")));
    }
    if (chosen.worst === member.sample_id) {
      column.classList.add("is-worst");
      marks.append(make("span.rondo-badge.bad", {}, gettext("▼ worst")));
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
    const name = this.title(n);
    /** @type {(what: "best" | "worst", label: string, title: string) => HTMLElement} */
    const button = (what, label, title) => {
      const key = this.bindings.first(`${what}_${n + 1}`);
      const isChosen = pick[what] === member.sample_id;
      return make(
        "button.rondo-quiet",
        {
          type: "button",
          "aria-pressed": String(isChosen),
          "aria-label": title,
          onclick: () => this.choose(item, what, member),
        },
        label,
        keyHint(key),
      );
    };
    return make(
      "footer",
      {},
      button("best", gettext("Best"), gettext("Best: sample {name}", { name })),
      button("worst", gettext("Worst"), gettext("Worst: sample {name}", { name })),
    );
  }

  /**
   * What is chosen, in words.
   * @param {GroupItem} item
   */
  chosen(item) {
    const pick = this.pick(item);
    const names = this.names(item);
    if (pick.order) return this.ranking.chosen(pick, names, item.members.length);
    const [best, worst] = [pick.best && names(pick.best), pick.worst && names(pick.worst)];
    if (!best && !worst) return "";
    const next = this.asks.afterChoice(item, pick);
    if (!worst) return gettext("Chosen: best {best}. {next}", { best: best || "", next });
    if (!best) return gettext("Chosen: worst {worst}. {next}", { worst, next });
    return gettext("Chosen: best {best}, worst {worst}. {next}", { best, worst, next });
  }
}
