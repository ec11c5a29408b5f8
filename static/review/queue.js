// @ts-check
// The items in the order they come: what was seen, what is on screen, what is fetched ahead.

import { afterPaint } from "./elements.js";

const HELD = 900;
const LEAST = 10;
const SECONDS = 20;
const PACE_OF = 6;
const SILENT_WAIT = 2000;
const REFUSED_WAIT = 10000;

/**
 * @typedef {Item[] & {error?: undefined} | {error: {type?: string, message: string}}} Answer
 */

export class Queue {
  /**
   * `fetch({held, limit})` resolves to items, to {error}, or to undefined. `most`: fetched ahead.
   * `onChange()` when items came, `onDrop(ids)` when reserved ones are not wanted any more.
   * @param {(wanted: {held: number[], limit: number}) => Promise<Answer | undefined>} fetch
   * @param {{onChange: () => void, onDrop: (ids: number[]) => void, most: number}} how
   */
  constructor(fetch, { onChange, onDrop, most }) {
    this.fetch = fetch;
    this.onChange = onChange;
    this.onDrop = onDrop;
    this.most = most;
    /** @type {number[]} */
    this.moves = [];
    /** @type {Item[]} */
    this.items = [];
    this.at = 0;
    /** @type {Promise<void> | null} */
    this.fetching = null;
    this.turn = 0;
    /** @type {Item[]} */
    this.unwanted = [];
    this.isDry = false;
    this.isLost = false;
    /** Whether the server gives this person no more: all that is asked of them is decided. */
    this.isOver = false;
    this.problem = "";
    this.timer = 0;
  }

  get current() {
    return this.items[this.at];
  }

  get ahead() {
    return this.items.length - this.at - 1;
  }

  /** How many to have ahead: what the person needs in twenty seconds. What lies here is reserved, so no more. */
  get wanted() {
    const { moves } = this;
    if (moves.length < PACE_OF) return Math.min(this.most, 4 * LEAST);
    const seconds = Math.max(0.05, (moves[moves.length - 1] - moves[0]) / 1000);
    return Math.min(this.most, Math.max(LEAST, Math.ceil((SECONDS * (moves.length - 1)) / seconds)));
  }

  /** @param {number} sampleId */
  find(sampleId) {
    return this.items.find((item) => item.sample_id === sampleId);
  }

  /** What is here and not decided: reserved for this person where the round reserves. */
  get open() {
    return this.items.filter((item) => !item.mine);
  }

  /** What was passed without a word, and is still reserved. */
  get passed() {
    return this.items.slice(0, this.at).filter((item) => !item.mine);
  }

  /**
   * What comes after the item on screen.
   * @param {number} count
   */
  coming(count) {
    return this.items.slice(this.at + 1, this.at + 1 + count);
  }

  /**
   * Items ahead that belong to others now are not shown.
   * @param {number[]} sampleIds
   */
  drop(sampleIds) {
    const gone = new Set(sampleIds);
    const seen = this.items.slice(0, this.at + 1);
    this.items = [...seen, ...this.items.slice(this.at + 1).filter((item) => item.mine || !gone.has(item.sample_id))];
  }

  /** @param {Item[]} items */
  add(items) {
    const known = new Set(this.items.map((item) => item.sample_id));
    this.items.push(...items.filter((item) => !known.has(item.sample_id)));
  }

  /** Start again in another order, keeping what was decided; the rest is free for others once the new items are here. */
  restart() {
    this.unwanted.push(...this.open);
    this.items = this.items.filter((item) => item.mine);
    this.at = this.items.length;
    this.isDry = false;
    this.isOver = false;
    this.turn += 1;
    this.fetching = null;
    return this.fill();
  }

  /** Not while an answer is awaited: the server may be giving the same items again. */
  letGo() {
    if (this.fetching) return;
    const ids = this.unwanted
      .splice(0)
      .map((item) => item.sample_id)
      .filter((id) => !this.find(id));
    if (ids.length) this.onDrop(ids);
  }

  /** Where nothing was left, somebody may have left something by now. */
  wake() {
    if (this.isOver) return;
    this.isDry = false;
    if (this.ahead < this.wanted * 0.7) this.fill();
  }

  /** Where all that came is passed: ask once more, as what was decided may change the answer. */
  async ended() {
    await this.fetching;
    if (this.isDry && !this.current) this.wake();
  }

  next() {
    if (this.at < this.items.length) this.at += 1;
    this.moves = [...this.moves.slice(1 - PACE_OF), performance.now()];
    if (this.ahead < this.wanted * 0.7) afterPaint(() => this.fill());
  }

  previous() {
    if (this.at > 0) this.at -= 1;
  }

  /** @param {Item} item */
  goTo(item) {
    const place = this.items.indexOf(item);
    if (place >= 0) this.at = place;
  }

  /**
   * Put an item on screen, before what is on screen now; `isNext`: after it.
   * @param {Item} item
   */
  insert(item, { isNext = false } = {}) {
    const known = this.find(item.sample_id);
    if (!known) this.items.splice(isNext ? this.at + 1 : this.at, 0, item);
    else if (!isNext) this.goTo(known);
  }

  fill() {
    if (this.fetching || this.isDry || this.isOver) return this.fetching;
    clearTimeout(this.timer);
    const { turn } = this;
    const held = this.items.slice(-HELD).map((item) => item.sample_id);
    this.fetching = this.fetch({ held, limit: Math.max(1, this.wanted - Math.max(0, this.ahead)) }).then((answer) =>
      this.take(answer, turn),
    );
    return this.fetching;
  }

  /**
   * @param {Answer | undefined} answer
   * @param {number} turn
   * @returns {void}
   */
  take(answer, turn) {
    if (turn !== this.turn) {
      if (answer && !answer.error) this.unwanted.push(...answer);
      return this.letGo();
    }
    this.fetching = null;
    this.isOver = answer?.error?.type === "Conflict";
    this.isLost = !answer || (Boolean(answer.error) && !this.isOver);
    this.problem = answer?.error?.message || "";
    if (answer && !answer.error) {
      const before = this.items.length;
      this.add(answer);
      this.isDry = this.items.length === before;
    }
    this.letGo();
    this.onChange();
    if (this.isLost) this.timer = setTimeout(() => this.fill(), answer ? REFUSED_WAIT : SILENT_WAIT);
    return undefined;
  }
}
