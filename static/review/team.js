// @ts-check
// Others in the same round: whose item this is and until when, who is here, how far the queue is.

import { plural } from "./elements.js";
import { clock, soon } from "./times.js";

const BEAT = 20000;
const SOON = 60000;

export class Team {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
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
    const { desk } = this;
    if (document.visibilityState !== "visible" || !desk.round.is_open || this.isBeating) return;
    this.isBeating = true;
    const held = desk.queue.open.map(({ sample_id }) => sample_id);
    const { tally } = desk;
    const answer = await desk.rest.post(
      `${desk.address}/review/here`,
      { held, wants_progress: true },
      { signal: AbortSignal.timeout(BEAT) },
    );
    this.isBeating = false;
    // Without a network the clock on the page goes on; the next beat tells.
    if (answer?.error) desk.queue.wake();
    else if (answer) {
      // Where nothing was sent meanwhile, what another tab decided is in it too.
      if (answer.progress && desk.tally === tally && !desk.outbox.size) desk.tally = answer.progress.mine;
      this.hear(answer);
    }
  }

  /** @param {{until: string, kept: number[], lost: {sample_id: number, who: string}[], progress: Progress | null}} heard */
  hear({ until, kept, lost, progress }) {
    const { desk } = this;
    for (const id of kept) this.until.set(id, Date.parse(until));
    for (const { sample_id, who } of lost) {
      this.until.set(sample_id, 0);
      const item = desk.queue.find(sample_id);
      if (item) item.holder = who;
    }
    desk.queue.drop(lost.map(({ sample_id }) => sample_id));
    if (progress) {
      desk.progress = progress;
      if (!progress.is_open) return desk.closed();
    }
    desk.queue.wake();
    desk.paintBar();
    return this.paintLease();
  }

  /** Give back what is not decided, and be here no more, when the page goes. */
  leave() {
    const held = this.desk.queue.open.map(({ sample_id }) => sample_id);
    this.tellLeft({ held, is_gone: true });
  }

  /** @param {number[]} held */
  giveBack(held) {
    if (held.length) this.tellLeft({ held });
  }

  /** @param {{held: number[], is_gone?: boolean}} what */
  tellLeft(what) {
    const { desk } = this;
    if (desk.round.is_open) desk.rest.post(`${desk.address}/review/leave`, what, { keepalive: true });
  }

  /**
   * When the item's reservation ends, in milliseconds; null where nothing is reserved.
   * @param {Item | undefined} item
   */
  ends(item) {
    if (!item || item.mine || !this.desk.round.is_open) return null;
    const heard = this.until.get(item.sample_id);
    if (heard !== undefined) return heard;
    return item.lease_until ? Date.parse(item.lease_until) : null;
  }

  paintLease() {
    const { lease } = this.desk.parts;
    const item = this.desk.shown;
    const ends = this.ends(item);
    const left = ends === null ? null : ends - Date.now();
    let text = "";
    if (left !== null && left <= 0)
      text = "No longer reserved for you: somebody else may get it too. Your decision is kept either way.";
    else if (ends !== null && left !== null) {
      const at = clock(new Date(ends));
      text =
        left < SOON
          ? `Yours for ${plural(Math.ceil(left / 1000), "second")} more`
          : `Yours for ${Math.round(left / 60000)} min, until ${at}`;
    }
    if (item && item.holder && !item.mine) text = `${item.holder} is on this item`;
    if (lease.textContent !== text) lease.textContent = text;
    const isEnding = left !== null && left < SOON;
    lease.classList.toggle("is-ending", isEnding);
    // Said once for each item: the seconds are for the eye.
    if (isEnding && this.warned !== item) this.desk.announce(text);
    this.warned = isEnding ? item : null;
  }
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
  const named = others.slice(0, 3).join(", ");
  return `Also here: ${named}${others.length > 3 ? ` and ${others.length - 3} more` : ""}`;
}

/**
 * How far the queue is, and when it will be done by the pace of the last minutes: two parts of a line.
 * @param {{decided: number, remaining: number, samples: number, ends_at: string | null}} progress
 * @param {boolean} isGroups
 */
export function progressLine({ decided, remaining, samples, ends_at: endsAt }, isGroups) {
  const end = endsAt ? `, done about ${soon(new Date(endsAt))}` : "";
  const complete = samples - remaining;
  const begun = decided > complete ? `, ${(decided - complete).toLocaleString()} more begun` : "";
  return [`${complete.toLocaleString()} of ${plural(samples, isGroups ? "group" : "sample")} decided${begun}`, end];
}
