// @ts-check
// The round in review and the person at the desk, as far as several parts of the desk read or change it.

export class Review {
  /** @param {Opened} opened */
  constructor(opened) {
    const { me, round, rounds, mode, order, scores, scale, why, shows, progress } = opened;
    this.me = me;
    this.round = round;
    this.rounds = rounds;
    /** Where REST has it. */
    this.address = `/rounds/${round.id}`;
    this.modeName = mode;
    this.order = order;
    this.scores = scores;
    this.scale = scale;
    /** The reasons that may be given for a wrong judgment. */
    this.reasons = why;
    this.shows = shows;
    /** How far all are, as the server counted last. */
    this.progress = progress;
    /** What this person decided and overrode, as the server counted last. */
    this.tally = progress.mine;
  }

  get isOpen() {
    return this.round.is_open;
  }

  /** Nothing is decided in this round any more. */
  end() {
    this.round.is_open = false;
  }
}
