// @ts-check
// The judge's view of a sample, and how it compares to the person's.

import { gettext, ngettext } from "../gettext.js";
import { make, number } from "./elements.js";

/** @type {Record<string, string>} */
const MINE = {
  accept: gettext("You accepted"),
  reject: gettext("You rejected"),
  edit: gettext("You edited"),
  skip: gettext("You skipped"),
};
/** @type {Record<string, string>} */
const THEIRS = {
  accept: gettext("accepted"),
  reject: gettext("rejected"),
  edit: gettext("edited"),
  skip: gettext("skipped"),
};

/**
 * What a person decided on an item, in words. `names` calls the samples of a group by their columns.
 * @param {Decision | null} mine
 * @param {Names} names
 */
export function ownWords(mine, names = String) {
  if (!mine) return "";
  const { kind, score, value } = mine;
  if (kind === "score") return gettext("You gave {score}", { score: number(score) });
  if (kind === "rank") return gettext("You ranked {order}", { order: value.order.map(names).join(", ") });
  if (kind === "prefer") {
    if (value.all_bad)
      return value.all_bad.length === 2 ? gettext("You called both bad") : gettext("You called all bad");
    if (value.tie) return gettext("You called it a tie");
    const [best, worst] = [names(value.best), value.worst ? names(value.worst) : ""];
    return worst ? gettext("You chose {best} over {worst}", { best, worst }) : gettext("You chose {best}", { best });
  }
  if (value && "judge_right" in value) {
    const { judge_right: isRight, why } = value;
    if (isRight) return gettext("You said the judge is right");
    return why ? gettext("You said the judge is wrong ({why})", { why }) : gettext("You said the judge is wrong");
  }
  return MINE[kind] || "";
}

/**
 * The same of a colleague, after their name.
 * @param {Decision} theirs
 * @param {Names} names
 */
export function theirWords({ kind, score, value }, names = String) {
  if (kind === "score") return gettext("gave {score}", { score: number(score) });
  if (kind === "rank") return gettext("ranked {order}", { order: value.order.map(names).join(", ") });
  if (kind === "prefer") {
    if (value.all_bad) return value.all_bad.length === 2 ? gettext("called both bad") : gettext("called all bad");
    if (value.tie) return gettext("called it a tie");
    const [best, worst] = [names(value.best), value.worst ? names(value.worst) : ""];
    return worst ? gettext("chose {best} over {worst}", { best, worst }) : gettext("chose {best}", { best });
  }
  if (value && "judge_right" in value) {
    const { judge_right: isRight, why } = value;
    if (isRight) return gettext("said the judge is right");
    return why ? gettext("said the judge is wrong ({why})", { why }) : gettext("said the judge is wrong");
  }
  return THEIRS[kind] || kind;
}

/**
 * The verdict as a badge, the score beside it.
 * @param {JudgeView} view
 */
export function verdictLine(view) {
  const { verdict } = view;
  const kind = verdict === "accept" ? "ok" : verdict === "reject" ? "bad" : "warn";
  const words =
    verdict === "accept"
      ? gettext("The judge accepted")
      : verdict === "reject"
        ? gettext("The judge rejected")
        : gettext("The judge gave no verdict");
  const given = view.replies.map((reply) => number(reply.score)).join(", ");
  return make(
    "p.verdict",
    {},
    make(`span.rondo-badge.${kind}`, {}, words),
    view.score === null ? null : make("span", {}, ` ${number(view.score)}`),
    view.replies.length > 1 ? make("span.rondo-muted", {}, " ", gettext("from {scores}", { scores: given })) : null,
  );
}

/**
 * The judge's label and its replies.
 * @param {JudgeView} view
 */
export function judgeView(view) {
  const replies = view.replies.map((reply) => {
    const text = make("p.rationale", { dir: "auto" });
    text.textContent = reply.rationale || gettext("(no words)");
    return text;
  });
  return make("div.judge", {}, verdictLine(view), ...replies.slice(0, 1), more(replies.slice(1)));
}

/**
 * What a decision on the item is worth, where it would be blind had the person not seen the judge's view.
 * @param {Item} item
 * @param {OpenedRound} round
 */
export function seenNotice(item, round) {
  if (!round.is_open || !round.counts_as_blind || !(item.members || [item]).some(({ judge }) => judge)) return [];
  const words = gettext(
    "You have seen the judge's view of this item: what you decide on it now does not count as blind.",
  );
  return [make("p.rondo-muted.seen", { role: "note" }, words)];
}

/** @param {Node[]} replies */
function more(replies) {
  const title = ngettext("{number} more of its replies", "{number} more of its replies", replies.length);
  return replies.length ? make("details", {}, make("summary", {}, title), ...replies) : null;
}

/**
 * What slides in after a decision: what was said, by whom.
 * @param {Item & {mine: Mine}} item
 * @param {Names} [names]
 */
export function reveal(item, names) {
  const { mine, judge } = item;
  const values = { id: item.sample_id, words: ownWords(mine, names) };
  const words = names ? gettext("Group of sample {id}: {words}.", values) : gettext("Sample {id}: {words}.", values);
  const title = make("p.title", {}, `${words} `);
  if (mine.late) title.append(make("span.rondo-badge.warn", {}, gettext("Late: kept in the history")));
  else if (mine.is_override) title.append(make("span.rondo-badge.warn", {}, gettext("Differs from the judge")));
  else if (mine.saved && mine.kind !== "skip" && hasVerdict(item))
    title.append(make("span.rondo-badge.ok", {}, gettext("The judge agrees")));
  const { reason } = item;
  const why =
    reason && mine.saved ? make("p.rondo-muted.why", {}, gettext("Why it was here: {reason}", { reason })) : null;
  if (names) return make("div.revealed", {}, title, why, scores(item, names));
  const waiting =
    mine.saved || mine.kind === "skip" || mine.kind === "edit" ? null : make("p.rondo-muted", {}, gettext("Saving…"));
  return make("div.revealed", {}, title, why, judge ? judgeView(judge) : waiting);
}

/** @param {Item} item */
const hasVerdict = (item) =>
  (item.members || [item]).some(({ judge }) => judge && (judge.verdict || judge.score !== null));

/**
 * The judge's word on each sample of a group.
 * @param {Item & {mine: Mine}} item
 * @param {Names} names
 */
function scores(item, names) {
  const members = item.members || [];
  if (!members.some(({ judge }) => judge))
    return item.mine.saved ? null : make("p.rondo-muted", {}, gettext("Saving…"));
  const rows = members.map(({ sample_id, judge }) =>
    make(
      "li",
      {},
      make("b", {}, `${names(sample_id)} `),
      ...(judge ? judgeView(judge).childNodes : [gettext("no word of the judge")]),
    ),
  );
  return make("ul.judge.members", {}, ...rows);
}
