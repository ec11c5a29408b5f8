// Samples of one prompt side by side: two of them in hidden order (pair), or up to eight (group).

import { greyCommon } from "./diff.js";
import { hasDraft } from "./editor.js";
import { keyName, make } from "./elements.js";
import { verdictLine } from "./judge.js";
import { Ranking } from "./ranking.js";
import { draftBadge } from "./screen.js";

const LETTERS = "AB";

class Columns {
  constructor(desk) {
    this.desk = desk;
    this.picks = new WeakMap();
  }

  /** What was chosen on an item so far. */
  pick(item) {
    if (!this.picks.has(item)) this.picks.set(item, { best: null, worst: null });
    return this.picks.get(item);
  }

  /** Decided: where the item comes back, it is as it was at first. */
  forget(item) {
    this.picks.delete(item);
  }

  names(item) {
    return (id) =>
      this.title(
        Math.max(
          0,
          item.members.findIndex(({ sample_id }) => sample_id === id),
        ),
      );
  }

  knows() {
    return true;
  }

  prefer(value) {
    this.desk.decide("prefer", { value });
  }

  /** Those one has seen: what a pair leaves out, or a group of more than fit, keeps its label. */
  allBad(item) {
    this.prefer({ all_bad: item.members.map(({ sample_id }) => sample_id) });
  }

  tie(item) {
    this.prefer({ tie: item.members.map(({ sample_id }) => sample_id) });
  }

  paint(item) {
    const { answer } = this.desk.parts;
    const columns = item.members.map((member, n) => this.column(item, member, n));
    answer.replaceChildren(make("div.columns", {}, ...columns));
    if (this.desk.shows.grey_common) this.grey(item, columns);
  }

  grey(item, columns) {
    const bodies = columns.map((column) => column.querySelector(".body"));
    // After the paint: the keys come first.
    setTimeout(() => greyCommon(bodies, () => this.desk.shown === item && bodies[0].isConnected));
  }

  column(item, member, n) {
    const { desk } = this;
    const cut = member.finish_reason === "length" ? ", cut off" : "";
    const marks = make("span.marks");
    const head = make(
      "header",
      {},
      make("b.name", {}, this.title(n)),
      marks,
      hasDraft(desk, member.sample_id) ? draftBadge() : null,
      make("span.rondo-muted.size", {}, `${member.num_tokens} tokens${cut}`),
    );
    const turns = (member.turns || []).map(({ role, content }) =>
      make("div.message-of", {}, make("span.role", {}, role), ...desk.text(content)),
    );
    const body = make("div.body", { tabIndex: 0 }, ...turns, ...desk.text(member.text));
    const judged = member.judge ? make("div.judged", {}, verdictLine(member.judge)) : null;
    const column = make(
      "section.column",
      { "aria-label": `Sample ${this.title(n)}` },
      head,
      body,
      judged,
      this.foot(item, member, n),
    );
    column.dataset.sample = member.sample_id;
    this.mark(column, marks, item, member);
    return column;
  }
}

export class PairMode extends Columns {
  get buttons() {
    return [
      ["first", "A is better", "accept"],
      ["tie", "Tie", ""],
      ["none", "Both are bad", "reject"],
      ["second", "B is better", "accept"],
    ];
  }

  title(n) {
    return LETTERS[n];
  }

  run(name) {
    const item = this.desk.line.current;
    if (!item) return true;
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

  foot() {
    return null;
  }

  mark(column, marks, item, member) {
    const value = item.mine?.value || {};
    if (value.best === member.sample_id) marks.append(make("span.rondo-badge.ok", {}, "your choice"));
  }
}

export class GroupMode extends Columns {
  constructor(desk) {
    super(desk);
    this.ranking = new Ranking(this);
  }

  get buttons() {
    return [
      ["submit", "Submit", "accept"],
      ["tie", "Tie", ""],
      ["none", "All bad", "reject"],
      ["rank", "Rank", ""],
    ];
  }

  title(n) {
    return String(n + 1);
  }

  knows(name) {
    const most = this.desk.line.current?.members?.length || 8;
    const column = /^(?:best|worst)_(\d)$/.exec(name);
    return !column || Number(column[1]) <= most;
  }

  run(name) {
    const item = this.desk.line.current;
    if (!item) return true;
    const column = /^(best|worst)_(\d)$/.exec(name);
    if (column) this.choose(item, column[1], item.members[Number(column[2]) - 1]);
    else if (name === "tie") this.tie(item);
    else if (name === "none") this.allBad(item);
    else if (name === "rank") this.ranking.toggle(item);
    else return false;
    return true;
  }

  /** Out of ranking, or of what was chosen so far. */
  leave(item) {
    const pick = this.pick(item);
    if (pick.order) this.ranking.toggle(item);
    else if (pick.best || pick.worst) {
      this.forget(item);
      this.remark(item);
    }
  }

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
    this.remark(item);
  }

  /** Decide by what was chosen; false where nothing was. */
  submit() {
    const item = this.desk.line.current;
    const pick = item && this.pick(item);
    if (!pick || (!pick.best && !pick.worst && !pick.order)) return false;
    if (pick.order) return this.ranking.submit(item);
    if (!pick.best && item.members.length > 2) this.desk.hint("Choose the best one too, then submit.");
    else {
      const best = pick.best || item.members.find(({ sample_id }) => sample_id !== pick.worst).sample_id;
      this.prefer({ best, worst: pick.worst });
    }
    return true;
  }

  /** Show the choice without painting the texts again. */
  remark(item) {
    for (const column of this.desk.parts.answer.querySelectorAll(".column")) {
      const member = item.members.find(({ sample_id }) => String(sample_id) === column.dataset.sample);
      const marks = column.querySelector(".marks");
      marks.replaceChildren();
      column.classList.remove("is-best", "is-worst");
      this.mark(column, marks, item, member);
      this.refoot(column, this.foot(item, member, item.members.indexOf(member)));
    }
    this.desk.tellChoice();
  }

  /** New buttons below a column. A focus that a key brought stays; after a click the keys are the desk's. */
  refoot(column, foot) {
    const before = column.querySelector("footer");
    const at = [...before.querySelectorAll("button")].findIndex((one) => one.matches(":focus-visible"));
    before.replaceWith(foot);
    foot.querySelectorAll("button")[at]?.focus({ preventScroll: true });
  }

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

  foot(item, member, n) {
    const pick = this.pick(item);
    if (pick.order) return this.ranking.foot(item, member);
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

  /** What is chosen, in words. */
  chosen(item) {
    const pick = this.pick(item);
    const names = this.names(item);
    if (pick.order) return this.ranking.chosen(pick, names, item.members.length);
    const parts = [pick.best ? `best ${names(pick.best)}` : "", pick.worst ? `worst ${names(pick.worst)}` : ""].filter(
      Boolean,
    );
    return parts.length ? `Chosen: ${parts.join(", ")}. Submit it.` : "";
  }
}
