// @ts-check
// Others in the same round: whose item this is and until when, who is here, how far the queue is.

import { around, GAP, gettext, ngettext } from "../gettext.js";
import { figures } from "./elements.js";
import { clock, soon } from "./times.js";

const BEAT = 20000;
const SOON = 60000;

/**
 * What the team needs. `shown()`: the item on screen. `isSending()`: whether a decision is on its way. `closed()`: the
 * server says that the review is. `counted()`: how far all are is known anew.
 * @typedef {{review: import("./review.js").Review, rest: import("./rest.js").Rest, queue: import("./queue.js").Queue,
 *   status: import("./status.js").Status, lease: HTMLElement, shown: () => Item | undefined,
 *   isSending: () => boolean, closed: () => void, counted: () => void}} TeamNeeds
 */

export class Team {
  /** @param {TeamNeeds} needs */
  constructor({ review, rest, queue, status, lease, shown, isSending, closed, counted }) {
    this.review = review;
    this.rest = rest;
    this.queue = queue;
    this.status = status;
    this.lease = lease;
    this.shown = shown;
    this.isSending = isSending;
    this.closed = closed;
    this.counted = counted;
    /** @type {Map<number, number>} */
    this.until = new Map();
    this.isBeating = false;
    /** @type {Item | null | undefined} */
    this.warned = null;
    this.timer = setInterval(() => this.beat(), BEAT);
    this.clock = setInterval(() => this.paintLease(), 1000);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.beat());
    window.addEventListener("pagehide", () => this.leave());
    // Back from the browser's own memory of the page: the reservations were given back.
    window.addEventListener("pageshow", (event) => event.persisted && this.beat());
  }

  /**
   * Say that this desk is open, keep what it holds, and hear how far all are. A desk nobody looks at lets its
   * reservations end.
   */
  async beat() {
    const { review, queue } = this;
    if (document.visibilityState !== "visible" || !review.isOpen || this.isBeating) return;
    this.isBeating = true;
    const held = queue.open.map(({ sample_id }) => sample_id);
    const { tally } = review;
    const answer = await this.rest.post(
      `${review.address}/review/here`,
      { held, wants_progress: true },
      { signal: AbortSignal.timeout(BEAT) },
    );
    this.isBeating = false;
    // Without a network the clock on the page goes on; the next beat tells.
    if (answer?.error) queue.wake();
    else if (answer) {
      // Where nothing was sent meanwhile, what another tab decided is in it too.
      if (answer.progress && review.tally === tally && !this.isSending()) review.tally = answer.progress.mine;
      this.hear(answer);
    }
  }

  /** @param {{until: string, kept: number[], lost: {sample_id: number, who: string}[], progress: Progress | null}} heard */
  hear({ until, kept, lost, progress }) {
    const { queue } = this;
    for (const id of kept) this.until.set(id, Date.parse(until));
    for (const { sample_id, who } of lost) {
      this.until.set(sample_id, 0);
      const item = queue.find(sample_id);
      if (item) item.holder = who;
    }
    queue.drop(lost.map(({ sample_id }) => sample_id));
    if (progress) {
      this.review.progress = progress;
      if (!progress.is_open) return this.closed();
    }
    queue.wake();
    this.counted();
    return this.paintLease();
  }

  /** Give back what is not decided, and be here no more, when the page goes. */
  leave() {
    const held = this.queue.open.map(({ sample_id }) => sample_id);
    this.tellLeft({ held, is_gone: true });
  }

  /** @param {number[]} held */
  giveBack(held) {
    if (held.length) this.tellLeft({ held });
  }

  /** @param {{held: number[], is_gone?: boolean}} what */
  tellLeft(what) {
    const { review } = this;
    if (review.isOpen) this.rest.post(`${review.address}/review/leave`, what, { keepalive: true });
  }

  /**
   * When the item's reservation ends, in milliseconds; null where nothing is reserved.
   * @param {Item | undefined} item
   */
  ends(item) {
    if (!item || item.mine || !this.review.isOpen) return null;
    const heard = this.until.get(item.sample_id);
    if (heard !== undefined) return heard;
    return item.lease_until ? Date.parse(item.lease_until) : null;
  }

  paintLease() {
    const { lease } = this;
    const item = this.shown();
    const ends = this.ends(item);
    const left = ends === null ? null : ends - Date.now();
    let text = ends === null || left === null ? "" : leaseWords(ends, left);
    if (item && item.holder && !item.mine) text = gettext("{name} is on this item", { name: item.holder });
    if (lease.textContent !== text) lease.textContent = text;
    const isEnding = left !== null && left < SOON;
    lease.classList.toggle("is-ending", isEnding);
    // Said once for each item: the seconds are for the eye.
    if (isEnding && this.warned !== item) this.status.announce(text);
    this.warned = isEnding ? item : null;
  }
}

/**
 * @param {number} ends when the reservation does, in milliseconds
 * @param {number} left the milliseconds until then
 */
function leaseWords(ends, left) {
  if (left <= 0)
    return gettext("No longer reserved for you: somebody else may get it too. Your decision is kept either way.");
  if (left < SOON)
    return ngettext("Yours for {number} second more", "Yours for {number} seconds more", Math.ceil(left / 1000));
  const minutes = Math.round(left / 60000);
  return gettext("Yours for {minutes} min, until {time}", { minutes, time: clock(new Date(ends)) });
}

/**
 * Who else is here, in a few words.
 * @param {Progress["people"]} people
 * @param {number} me
 */
export function peopleHere(people, me) {
  const others = people
    .filter(({ user_id, is_here }) => is_here && user_id !== me)
    .sort((a, b) => a.user_id - b.user_id)
    .map(({ name }) => name);
  if (!others.length) return "";
  const names = others.slice(0, 3).join(", ");
  const more = others.length - 3;
  return more > 0
    ? gettext("Also here: {names} and {more} more", { names, more })
    : gettext("Also here: {names}", { names });
}

/**
 * How far the queue is, in words.
 * @param {{decided: number, remaining: number, samples: number}} progress
 * @param {boolean} isGroups
 */
function farWords({ decided, remaining, samples }, isGroups) {
  const complete = samples - remaining;
  const values = { complete: figures(complete), count: figures(samples) };
  const begun = decided - complete;
  if (begun <= 0)
    return isGroups
      ? ngettext("{complete} of {count} group decided", "{complete} of {count} groups decided", samples, values)
      : ngettext("{complete} of {count} sample decided", "{complete} of {count} samples decided", samples, values);
  const more = { ...values, begun: figures(begun) };
  return isGroups
    ? ngettext(
        "{complete} of {count} group decided, {begun} more begun",
        "{complete} of {count} groups decided, {begun} more begun",
        samples,
        more,
      )
    : ngettext(
        "{complete} of {count} sample decided, {begun} more begun",
        "{complete} of {count} samples decided, {begun} more begun",
        samples,
        more,
      );
}

/**
 * How far the queue is, and when it will be done by the pace of the last minutes: how far in the middle, and what
 * stands before and after it where the pace is known.
 * @param {{decided: number, remaining: number, samples: number, ends_at: string | null}} progress
 * @param {boolean} isGroups
 */
export function progressLine(progress, isGroups) {
  const { ends_at: endsAt } = progress;
  const far = farWords(progress, isGroups);
  if (!endsAt) return ["", far, ""];
  const time = soon(new Date(endsAt));
  const [before, after] = around(gettext("{progress}, done about {time}", { progress: GAP, time }));
  return [before, far, after];
}
