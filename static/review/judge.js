// The judge's view of a sample, and how it compares to the person's.

import { make, number } from "./elements.js";

const VERDICTS = { accept: "accepted", reject: "rejected" };
const MINE = { accept: "You accepted", reject: "You rejected", score: "You scored", edit: "You edited", skip: "You skipped" };

export function said(mine) {
  if (!mine) return "";
  return mine.kind === "score" ? `You gave ${number(mine.score)}` : MINE[mine.kind] || "";
}

/** The judge's label and its replies. */
export function judgeView(view) {
  const verdict = view.verdict ? VERDICTS[view.verdict] : "gave no verdict";
  const scores = view.replies.map((reply) => number(reply.score)).join(", ");
  const head = make(
    "p.verdict",
    {},
    make("span.rondo-badge." + (view.verdict === "accept" ? "ok" : view.verdict === "reject" ? "bad" : "warn"), {}, `The judge ${verdict}`),
    view.score === null ? null : make("span", {}, ` ${number(view.score)}`),
    view.replies.length > 1 ? make("span.rondo-muted", {}, ` from ${scores}`) : null,
  );
  const replies = view.replies.map((reply) => {
    const text = make("p.rationale", { dir: "auto" });
    text.textContent = reply.rationale || "(no words)";
    return text;
  });
  return make("div.judge", {}, head, ...replies.slice(0, 1), more(replies.slice(1)));
}

function more(replies) {
  return replies.length ? make("details", {}, make("summary", {}, `${replies.length} more of its replies`), ...replies) : null;
}

/** What slides in after a decision: what was said, by whom. */
export function reveal(item) {
  const { mine, judge } = item;
  const title = make("p.title", {}, `Sample ${item.sample_id}: ${said(mine)}. `);
  if (mine.is_override) title.append(make("span.rondo-badge.warn", {}, "differs from the judge"));
  else if (judge && judge.verdict && mine.saved) title.append(make("span.rondo-badge.ok", {}, "the judge agrees"));
  const waiting = mine.saved || !["accept", "reject", "score"].includes(mine.kind) ? null : make("p.rondo-muted", {}, "Saving…");
  return make("div.revealed", {}, title, judge ? judgeView(judge) : waiting);
}
