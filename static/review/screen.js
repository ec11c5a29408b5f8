// @ts-check
// Painting the desk: the item, what was said of it, the bar above.

import { hasDraft } from "./editor.js";
import { make, number, plural } from "./elements.js";
import { judgeView, reveal, said } from "./judge.js";
import { peopleHere, progressLine } from "./team.js";

/** What decides an item; a rewrite only its own sample. */
const DECIDING = ["accept", "reject", "score", "prefer", "rank", "edit"];

/**
 * @param {Desk} desk
 * @param {Item} item
 */
export function paintItem(desk, item) {
  const { prompt, answer, facts, assist } = desk.parts;
  prompt.replaceChildren(
    ...item.messages.map((message) =>
      make("div.message-of", {}, make("span.role", {}, message.role), ...desk.text(message.content)),
    ),
  );
  if (item.members) {
    const { length } = item.members;
    const count =
      length < item.num_members ? `${length} of ${plural(item.num_members, "sample")} shown` : plural(length, "sample");
    facts.textContent = `${count}, of one prompt. Sample ${item.sample_id} is the first.`;
    assist.replaceChildren();
  } else {
    answer.replaceChildren(...desk.text(item.text));
    const cut = item.finish_reason === "length" ? ", cut off at the length limit" : "";
    const note = item.score_like ? " Contains something like a score." : "";
    facts.textContent = `Sample ${item.sample_id}, ${plural(item.num_tokens, "token")}${cut}.${note}`;
    assist.replaceChildren(...(item.judge ? [judgeView(item.judge)] : []));
  }
  // Who decides blind is told afterwards, by the answer.
  if (item.reason) facts.append(" ", make("span.reason", {}, `Why here: ${item.reason}`));
  if (item.is_random)
    facts.append(
      " ",
      make("span.rondo-badge", { title: "Drawn at random, so that judge statistics stay honest" }, "drawn at random"),
    );
  if (item.flag) facts.append(" ", make("span.rondo-badge.warn", {}, "⚑ flagged"));
  if (!item.members && hasDraft(desk, item.sample_id)) facts.append(" ", draftBadge());
  desk.mode.paint(item);
  paintMine(desk);
  paintOthers(desk, item);
}

/** An edit was begun and not saved. */
export const draftBadge = () =>
  make(
    "span.rondo-badge.accent.draft",
    { title: "A text of yours waits in this browser; editing opens it" },
    "✎ draft",
  );

/**
 * What the person said of the item on screen, or has chosen so far.
 * @param {Desk} desk
 */
export function paintMine(desk) {
  const item = desk.queue.current;
  if (!item) return;
  const chosen = desk.mode.chosen ? desk.mode.chosen(item) : "";
  const names = item.members ? desk.mode.names?.(item) : undefined;
  const before = item.mine
    ? `${said(item.mine, names)}${item.mine.saved ? "" : " (not saved yet)"}. Another key changes it.`
    : "";
  desk.parts.mine.textContent = chosen || before;
  if (item.judge && !item.members && desk.opened.mode === "sample")
    desk.parts.assist.replaceChildren(judgeView(item.judge));
}

/**
 * Colleagues' decisions, where the server sent them.
 * @param {Desk} desk
 * @param {Item} item
 */
function paintOthers(desk, item) {
  if (!item.others.length) return;
  const names = item.members ? desk.mode.names?.(item) : undefined;
  const rows = item.others.map((one) => {
    const note = one.note ? make("p.note", { dir: "auto", textContent: one.note }) : null;
    return make("li", {}, make("b", {}, one.who), ` ${said(one, names).replace(/^You /, "") || one.kind}`, note);
  });
  desk.parts.assist.append(make("div.others", {}, make("b", {}, "Colleagues"), make("ul", {}, ...rows)));
}

/** @param {Desk} desk */
export function paintEmpty(desk) {
  const { prompt, answer, facts, mine, assist } = desk.parts;
  for (const part of [prompt, facts, mine, assist]) part.replaceChildren();
  const [title, text] = whyEmpty(desk);
  const shown = make(
    "div.rondo-empty",
    {},
    make("p", {}, make("b", {}, title)),
    make("p", {}, text),
    wayBack(desk),
    waysOn(desk),
  );
  // It is painted again with every look at the server; a button that has the focus stays.
  if (answer.firstChild?.textContent !== shown.textContent) answer.replaceChildren(shown);
}

/**
 * To what was passed with the arrows: it is still reserved, and still to be decided.
 * @param {Desk} desk
 */
function wayBack(desk) {
  const { passed, isLost } = desk.queue;
  if (!passed.length || isLost || !desk.round.is_open) return null;
  const go = () => {
    desk.queue.goTo(passed[0]);
    desk.paint();
  };
  const [items, what] = [desk.mode.names ? "group" : "sample", passed.length === 1 ? "it" : "the first of them"];
  return make(
    "p",
    {},
    `You passed ${plural(passed.length, items)} without a decision; reserved for you, and still to be decided. `,
    make("button.rondo-primary", { type: "button", onclick: go }, `Go to ${what}`),
  );
}

/**
 * Where a round that is not in review goes on.
 * @param {Desk} desk
 */
function waysOn({ round }) {
  return round.is_open
    ? null
    : make("p", {}, make("a", { href: "./" }, "Overview"), " · ", make("a", { href: "jobs" }, "Jobs"));
}

/** @param {Desk} desk */
function whyEmpty({ round, queue }) {
  if (!round.is_open)
    return [
      "This round is not in review.",
      `${round.why_closed} Choose a round that is in review, or launch one with review on.`,
    ];
  if (queue.isLost)
    return [queue.problem || "The server does not answer.", "Trying again. What you decided is kept in this browser."];
  if (queue.isOver) return [queue.problem, "Once more is asked of you, reload the page."];
  if (!queue.isDry) return ["Fetching samples…", ""];
  const close = round.can_close ? "close the review" : "ask a curator to close the review";
  return [
    "Nothing is left to decide in this order.",
    `Choose another order, or ${close}. What colleagues hold comes back here if they leave it.`,
  ];
}

/**
 * What is on screen, in a few words.
 * @param {Desk} desk
 */
export function spoken(desk) {
  const item = desk.queue.current;
  if (!item || !desk.round.is_open) return whyEmpty(desk)[0];
  const { remaining, quota, mine } = counted(desk);
  const left = quota === null ? remaining : Math.min(remaining, Math.max(0, quota - mine.decided));
  return `${item.members ? "Group of sample" : "Sample"} ${item.sample_id}, ${left.toLocaleString()} left`;
}

/**
 * How far the review is: what this person decided or took back since the server last counted is known here. Where an
 * item needs several people, whether it needs more of them is not.
 * @param {Desk} desk
 */
function counted(desk) {
  const { progress, tally, round } = desk;
  const { samples, decided, remaining } = progress;
  const mine = { ...tally, decided: tally.decided + underWay(desk) };
  const more = mine.decided - progress.mine.decided;
  const inRound = (/** @type {number} */ count) => Math.max(0, Math.min(samples, count));
  return {
    ...progress,
    mine,
    decided: inRound(decided + more),
    remaining: round.has_overlap ? remaining : inRound(remaining - more),
  };
}

/**
 * By how many items the tally changes with what is not answered yet.
 * @param {Desk} desk
 */
function underWay({ outbox, done, undone }) {
  const known = new Map([...done, ...undone.values()].map((entry) => [entry.client_id, entry]));
  let count = 0;
  for (const { act } of outbox.acts) {
    const isUndo = act.kind === "retract";
    const entry = known.get((isUndo ? act.retracts : act.client_id) || "");
    // A text beside a group's sample decides nothing.
    const isDecided = entry && entry.target === entry.item && decides(entry.kind);
    if (isDecided && !decides(entry.before?.kind || "")) count += isUndo ? -1 : 1;
  }
  return count;
}

const decides = (/** @type {string} */ kind) => DECIDING.includes(kind);

/** @param {Desk} desk */
export function paintReveal(desk) {
  const item = desk.last;
  const mine = item?.mine;
  const judged = item && (item.members || [item]).filter(({ judge }) => judge).length;
  const state = mine ? `${mine.client_id} ${mine.saved} ${judged}` : "";
  if (state === desk.revealed) return;
  desk.revealed = state;
  desk.parts.revealed.replaceChildren(
    ...(item && mine ? [reveal({ ...item, mine }, item.members ? desk.mode.names?.(item) : undefined)] : []),
  );
}

/** @param {Desk} desk */
export function paintBar(desk) {
  const { outbox, parts, tally } = desk;
  const seconds = outbox.retryAt ? Math.max(0, Math.ceil((outbox.retryAt - Date.now()) / 1000)) : 0;
  const answers = outbox.isLost ? "the server's database file is gone" : "the server does not answer";
  const why = outbox.isSignedOut ? "you are not signed in" : answers;
  const trouble = outbox.retryAt ? ` – ${why}, trying again in ${seconds} s` : "";
  const waiting = outbox.size + outbox.held.length + desk.questions.texts.count;
  parts.unsaved.textContent = waiting ? `${waiting} unsaved${trouble}` : "All saved";
  parts.unsaved.classList.toggle("is-waiting", waiting > 0);
  parts.tally.textContent = tally.decided ? `You overrode ${number(tally.overridden)} of ${number(tally.decided)}` : "";
  const at = counted(desk);
  const [count, pace] = progressLine(desk.round.is_open ? at : { ...at, ends_at: null }, Boolean(desk.mode.names));
  if (parts.progress.textContent !== count + pace) parts.progress.replaceChildren(count, make("span.pace", {}, pace));
  parts.here.textContent = peopleHere(desk.progress.people, desk.me);
  paintSignedOut(desk);
}

/**
 * A session that ended: sign in elsewhere, nothing here is lost.
 * @param {Desk} desk
 */
function paintSignedOut(desk) {
  const why = desk.outbox.whySignedOut;
  if (why === (desk.saidSignedOut || "")) return;
  desk.saidSignedOut = why;
  if (!why) {
    document.querySelector(".rondo-signed-out")?.remove();
    desk.parts.message.hidden = true;
    return;
  }
  const link = make(
    "a.signed-out",
    {
      href: `/login?next=${encodeURIComponent(location.pathname + location.search)}`,
      target: "_blank",
      rel: "noopener",
    },
    "Sign in again in a new tab",
  );
  desk.say(`${why} What you decided is kept in this browser and is sent once you are signed in. `, { link });
}
