// @ts-check
// How long a person looked at what is on screen, which is sent with what they do.

/** Seconds sent with one decision: who leaves the desk for lunch did not think that long. */
const LONGEST = 300;

export class Stopwatch {
  /** Since when the page has been out of sight; 0 while it is in sight. */
  hidden = 0;

  constructor() {
    this.started = 0;
    this.start();
    this.look();
    document.addEventListener("visibilitychange", () => this.look());
  }

  start() {
    this.started = performance.now();
    if (this.hidden) this.hidden = this.started;
  }

  /** What passes while nobody sees the page does not count. */
  look() {
    const now = performance.now();
    if (this.hidden) this.started += now - this.hidden;
    this.hidden = document.visibilityState === "hidden" ? now : 0;
  }

  get seconds() {
    const until = this.hidden || performance.now();
    return Math.min(LONGEST, Math.round(until - this.started) / 1000);
  }
}
