// @ts-check
// The judge's view of a sample, and how it compares to the person's.

import { make, number } from "./elements.js";

const VERDICTS = { accept: "accepted", reject: "rejected" };
/** @type {Record<string, string>} */
const MINE = { accept: "You accepted", reject: "You rejected", edit: "You edited", skip: "You skipped" };

/**
 * What a person said of an item, in words. `names` calls the samples of a group by their columns.
 * @param {Said | null} mine
 * @param {Names} names
 */
export function said(mine, names = String) {
  if (!mine) return "";
  const { kind, score, value } = mine;
  if (kind === "score") return `You gave ${number(score)}`;
  if (kind === "rank") return `You ranked ${value.order.map(names).join(", ")}`;
  if (kind === "prefer") return preferred(value, names);
  if (value && "judge_right" in value) {
    return value.judge_right
      ? "You said the judge is right"
      : `You said the judge is wrong${value.why ? ` (${value.why})` : ""}`;
  }
  return MINE[kind] || "";
}

/**
 * @param {any} value
 * @param {Names} names
 */
function preferred(value, names) {
  if (value.all_bad) return `You called ${value.all_bad.length === 2 ? "both" : "all"} bad`;
  if (value.tie) return "You called it a tie";
  return `You chose ${names(value.best)}${value.worst ? ` over ${names(value.worst)}` : ""}`;
}

/**
 * The verdict as a badge, the score beside it.
 * @param {JudgeView} view
 */
export function verdictLine(view) {
  const verdict = view.verdict ? VERDICTS[view.verdict] : "gave no verdict";
  const kind = view.verdict === "accept" ? "ok" : view.verdict === "reject" ? "bad" : "warn";
  const given = view.replies.map((reply) => number(reply.score)).join(", ");
  return make(
    "p.verdict",
    {},
    make(`span.rondo-badge.${kind}`, {}, `The judge ${verdict}`),
    view.score === null ? null : make("span", {}, ` ${number(view.score)}`),
    view.replies.length > 1 ? make("span.rondo-muted", {}, ` from ${given}`) : null,
  );
}

/**
 * The judge's label and its replies.
 * @param {JudgeView} view
 */
export function judgeView(view) {
  const replies = view.replies.map((reply) => {
    const text = make("p.rationale", { dir: "auto" });
    text.textContent = reply.rationale || "(no words)";
    return text;
  });
  return make("div.judge", {}, verdictLine(view), ...replies.slice(0, 1), more(replies.slice(1)));
}

/** @param {Node[]} replies */
function more(replies) {
  return replies.length
    ? make("details", {}, make("summary", {}, `${replies.length} more of its replies`), ...replies)
    : null;
}

/**
 * What slides in after a decision: what was said, by whom.
 * @param {Item & {mine: Mine}} item
 * @param {Names} [names]
 */
export function reveal(item, names) {
  const { mine, judge } = item;
  const title = make(
    "p.title",
    {},
    `${names ? "Group of sample" : "Sample"} ${item.sample_id}: ${said(mine, names)}. `,
  );
  if (mine.late) title.append(make("span.rondo-badge.warn", {}, "late: kept in the history"));
  else if (mine.is_override) title.append(make("span.rondo-badge.warn", {}, "differs from the judge"));
  else if (mine.saved && mine.kind !== "skip" && hasVerdict(item))
    title.append(make("span.rondo-badge.ok", {}, "the judge agrees"));
  const why = item.reason && mine.saved ? make("p.rondo-muted.why", {}, `Why it was here: ${item.reason}`) : null;
  if (names) return make("div.revealed", {}, title, why, scores(item, names));
  const waiting =
    mine.saved || mine.kind === "skip" || mine.kind === "edit" ? null : make("p.rondo-muted", {}, "Saving…");
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
  if (!members.some(({ judge }) => judge)) return item.mine.saved ? null : make("p.rondo-muted", {}, "Saving…");
  const rows = members.map(({ sample_id, judge }) =>
    make(
      "li",
      {},
      make("b", {}, `${names(sample_id)} `),
      ...(judge ? judgeView(judge).childNodes : ["no word of the judge"]),
    ),
  );
  return make("ul.judge.members", {}, ...rows);
}
