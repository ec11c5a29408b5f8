// One sample at a time: accept, reject, or a score; one key each.

export class SampleMode {
  constructor(desk) {
    this.desk = desk;
  }

  get buttons() {
    const scores = this.desk.scores.map((score) => [`score_${score}`, String(score), "score"]);
    return [["accept", "Accept", "accept"], ["reject", "Reject", "reject"], ...scores];
  }

  /** Whether an action of the list means something in this round. */
  knows(name) {
    return !name.startsWith("score_") || this.desk.scores.includes(Number(name.slice(6)));
  }

  run(name) {
    if (name === "accept" || name === "reject") this.desk.decide(name);
    else if (name.startsWith("score_")) this.desk.decide("score", { score: Number(name.slice(6)) });
    else return false;
    return true;
  }

  submit() {
    return false;
  }

  paint() {}
}
