// @ts-check
// What came before the desk: keys that were pressed before there was an item, items decided before the page was loaded.

import { gettext } from "../gettext.js";
import { kept } from "./rest.js";

const HELD = 900;
/** What a key pressed before the first item was shown still does. A decision is only made on what was seen. */
const EARLY = ["undo", "next", "previous", "help", "palette", "search", "history", "diff", "raw", "more"];

/** Keys wait here until there is an item. */
export class EarlyKeys {
  /**
   * @param {(name: string, key: string) => unknown} run
   * @param {import("./status.js").Status} status
   */
  constructor(run, status) {
    this.run = run;
    this.status = status;
    this.isReady = false;
    /** @type {[name: string, key: string][]} */
    this.pressed = [];
  }

  /**
   * @param {string} name
   * @param {string} key
   */
  press(name, key) {
    if (this.isReady) this.run(name, key);
    else this.pressed.push([name, key]);
  }

  /** Do, in order, what was asked by keys before there was an item. An undo is of the last thing asked, done or not. */
  takeUp() {
    this.isReady = true;
    const dropped = new Set();
    let undone = 0;
    for (const [name, key] of this.pressed.splice(0)) {
      const isOfDropped = name === "undo" && undone > 0;
      if (isOfDropped) undone -= 1;
      if (EARLY.includes(name) && !isOfDropped) this.run(name, key);
      else dropped.add(key);
      if (!EARLY.includes(name)) undone += 1;
    }
    const keys = [...dropped].join(" ");
    // Said until it is read: what a hint says goes with the next thing that is painted.
    if (keys) this.status.say(gettext("Pressed before the item was shown, so nothing was decided: {keys}", { keys }));
  }
}

/**
 * What going back needs.
 * @typedef {{review: import("./review.js").Review, rest: import("./rest.js").Rest, queue: import("./queue.js").Queue,
 *   ledger: import("./ledger.js").Ledger, work: import("./work.js").Work, paint: () => void}} EarlierNeeds
 */

export class EarlierItems {
  /** @param {EarlierNeeds} needs */
  constructor({ review, rest, queue, ledger, work, paint }) {
    this.review = review;
    this.rest = rest;
    this.queue = queue;
    this.ledger = ledger;
    this.work = work;
    this.paint = paint;
    this.isAsking = false;
  }

  /** Before the first item here come those decided before the page was loaded. */
  async goBack() {
    const { review, queue } = this;
    if (this.isAsking || !review.isOpen) return;
    this.isAsking = true;
    const held = queue.items.slice(0, HELD).map(({ sample_id }) => sample_id);
    const answer = await this.rest.post(`${review.address}/review/earlier`, { held });
    this.isAsking = false;
    const item = answer && !answer.error ? kept(answer) : null;
    if (!item?.mine || queue.at || this.work.isBegun || queue.find(item.sample_id)) return;
    const { kind, client_id } = item.mine;
    const text = kind === "edit" ? item.edits?.at(-1) : undefined;
    // What is taken back is what was done last: this came before everything done here.
    this.ledger.addEarlier({ kind, client_id, text, item, target: item, before: null });
    queue.insert(item);
    this.paint();
  }
}
