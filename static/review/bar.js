// @ts-check
// The lines above the item: how far the review is, what is not saved yet, who is here, and that one is signed out.

import { gettext } from "../gettext.js";
import { make, number } from "./elements.js";
import { peopleHere, progressLine } from "./team.js";

/** What decides an item; a rewrite only its own sample. */
const DECIDING = ["accept", "reject", "score", "prefer", "rank", "edit"];
const decides = (/** @type {string} */ kind) => DECIDING.includes(kind);

/**
 * By how many items the tally changes with acts that are not answered yet.
 * @param {Act[]} acts
 * @param {Iterable<Done>} entries what was done here, and what is being taken back
 */
export function underWay(acts, entries) {
  const known = new Map([...entries].map((entry) => [entry.client_id, entry]));
  let count = 0;
  for (const act of acts) {
    const isUndo = act.kind === "retract";
    const entry = known.get((isUndo ? act.retracts : act.client_id) || "");
    // A text beside a group's sample decides nothing.
    const isDecided = entry && entry.target === entry.item && decides(entry.kind);
    if (isDecided && !decides(entry.before?.kind || "")) count += isUndo ? -1 : 1;
  }
  return count;
}

/**
 * What the bar needs. `unwritten()`: how many texts are begun and not given. `isGroups`: whether items are groups.
 * @typedef {{parts: Parts, review: import("./review.js").Review, outbox: import("./outbox.js").Outbox,
 *   ledger: import("./ledger.js").Ledger, status: import("./status.js").Status, unwritten: () => number,
 *   isGroups: boolean}} BarNeeds
 */

export class Bar {
  /** @param {BarNeeds} needs */
  constructor({ parts, review, outbox, ledger, status, unwritten, isGroups }) {
    this.parts = parts;
    this.review = review;
    this.outbox = outbox;
    this.ledger = ledger;
    this.status = status;
    this.unwritten = unwritten;
    this.isGroups = isGroups;
    this.whySignedOut = "";
  }

  paint() {
    const { parts, outbox, review } = this;
    const { tally, progress, me } = review;
    const waiting = outbox.size + outbox.held.length + this.unwritten();
    parts.unsaved.textContent = waiting ? this.unsaved(waiting) : gettext("All saved");
    parts.unsaved.classList.toggle("is-waiting", waiting > 0);
    const values = { overridden: number(tally.overridden), decided: number(tally.decided) };
    parts.tally.textContent = tally.decided ? gettext("You overrode {overridden} of {decided}", values) : "";
    const at = this.counted();
    const [before, far, after] = progressLine(review.isOpen ? at : { ...at, ends_at: null }, this.isGroups);
    if (parts.progress.textContent !== before + far + after)
      parts.progress.replaceChildren(make("span.pace", {}, before), far, make("span.pace", {}, after));
    parts.advice.hidden = !parts.advice.textContent || !review.isOpen || review.order === "random";
    parts.here.textContent = peopleHere(progress.people, me);
    this.paintSignedOut();
  }

  /** @param {number} count */
  unsaved(count) {
    const { retryAt, isSignedOut, isLost } = this.outbox;
    if (!retryAt) return gettext("{count} unsaved", { count });
    const values = { count, seconds: Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) };
    if (isSignedOut) return gettext("{count} unsaved – you are not signed in, trying again in {seconds} s", values);
    return isLost
      ? gettext("{count} unsaved – the server's database file is gone, trying again in {seconds} s", values)
      : gettext("{count} unsaved – the server does not answer, trying again in {seconds} s", values);
  }

  /**
   * How far the review is: what this person decided or took back since the server last counted is known here. Where an
   * item needs several people, whether it needs more of them is not.
   */
  counted() {
    const { progress, tally, round } = this.review;
    const { samples, decided, remaining } = progress;
    const { done, undone } = this.ledger;
    const acts = this.outbox.acts.map(({ act }) => act);
    const mine = { ...tally, decided: tally.decided + underWay(acts, [...done, ...undone.values()]) };
    const more = mine.decided - progress.mine.decided;
    const inRound = (/** @type {number} */ count) => Math.max(0, Math.min(samples, count));
    return {
      ...progress,
      mine,
      decided: inRound(decided + more),
      remaining: round.has_overlap ? remaining : inRound(remaining - more),
    };
  }

  /** How many items are left for this person. */
  get left() {
    const { remaining, quota, mine } = this.counted();
    return quota === null ? remaining : Math.min(remaining, Math.max(0, quota - mine.decided));
  }

  /** A session that ended: sign in elsewhere, nothing here is lost. */
  paintSignedOut() {
    const why = this.outbox.whySignedOut;
    if (why === this.whySignedOut) return;
    this.whySignedOut = why;
    if (!why) {
      document.querySelector(".rondo-signed-out")?.remove();
      this.status.silence();
      return;
    }
    const href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    const label = gettext("Sign in again in a new tab");
    const link = make("a.signed-out", { href, target: "_blank", rel: "noopener" }, label);
    const text = gettext("{why} What you decided is kept in this browser and is sent once you are signed in.", { why });
    this.status.say(`${text} `, { link });
  }
}
