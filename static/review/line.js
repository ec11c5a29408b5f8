// The samples in the order they come: what was seen, what is on screen, what is fetched ahead.

const LOW = 50;
const FETCH = 80;
const HELD = 900;

export class Line {
  /** `fetch({held, limit})` resolves to {items}, to {error}, or to undefined. `onChange()` when items came. */
  constructor(fetch, onChange) {
    this.fetch = fetch;
    this.onChange = onChange;
    this.items = [];
    this.at = 0;
    this.fetching = null;
    this.isDry = false;
    this.isLost = false;
  }

  get current() {
    return this.items[this.at];
  }

  get ahead() {
    return this.items.length - this.at - 1;
  }

  find(sampleId) {
    return this.items.find((item) => item.sample_id === sampleId);
  }

  add(items) {
    const known = new Set(this.items.map((item) => item.sample_id));
    this.items.push(...items.filter((item) => !known.has(item.sample_id)));
  }

  /** Start again in another order, keeping what was decided. */
  restart() {
    this.items = this.items.filter((item) => item.mine);
    this.at = this.items.length;
    this.isDry = false;
    return this.fill();
  }

  next() {
    if (this.at < this.items.length) this.at += 1;
    if (this.ahead < LOW) this.fill();
  }

  previous() {
    if (this.at > 0) this.at -= 1;
  }

  goTo(item) {
    const place = this.items.indexOf(item);
    if (place >= 0) this.at = place;
  }

  /** Put an item that the server sent on screen, before what is on screen now. */
  insert(item) {
    const known = this.find(item.sample_id);
    if (known) return this.goTo(known);
    this.items.splice(this.at, 0, item);
  }

  fill() {
    if (this.fetching || this.isDry) return this.fetching;
    const held = this.items.slice(-HELD).map((item) => item.sample_id);
    this.fetching = this.fetch({ held, limit: FETCH }).then((answer) => {
      this.fetching = null;
      this.isLost = !answer || Boolean(answer.error);
      if (!this.isLost) {
        const before = this.items.length;
        this.add(answer.items);
        this.isDry = this.items.length === before;
      }
      this.onChange();
      if (this.isLost) setTimeout(() => this.fill(), 2000);
      return answer;
    });
    return this.fetching;
  }
}
