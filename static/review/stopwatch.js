// @ts-check
// How long a person looked at what is on screen, which is sent with what they do.

/** Seconds sent with one decision: who leaves the desk for lunch did not think that long. */
const LONGEST = 300;

export class Stopwatch {
  constructor() {
    this.started = 0;
    this.start();
  }

  start() {
    this.started = performance.now();
  }

  get seconds() {
    return Math.min(LONGEST, Math.round(performance.now() - this.started) / 1000);
  }
}
