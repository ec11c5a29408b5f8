// Notes, and what was done to the item so far: one's own always, colleagues' as far as the server tells.

import { make, number, onTextKeys } from "./elements.js";

const KINDS = {
  accept: "accepted", reject: "rejected", score: "gave", prefer: "chose among the group", rank: "ranked the group", edit: "edited",
  flag: "flagged", skip: "skipped", note: "noted", retract: "took a decision back",
};

/** Write a note; the item stays on screen. */
export function writeNote(desk, item) {
  const box = make("textarea", { rows: 3, maxLength: 4000, dir: "auto", "aria-label": "Note" });
  const save = () => {
    const note = box.value.trim();
    desk.endWork();
    if (note) desk.noted(item, note);
  };
  onTextKeys(box, { save, leave: () => desk.endWork() });
  const buttons = make(
    "p.rondo-toolbar", {},
    make("button.rondo-primary", { type: "button", onclick: save }, "Save the note"),
    make("button.rondo-quiet", { type: "button", onclick: () => desk.endWork() }, "Leave"),
  );
  desk.beginWork([box, buttons]);
  box.focus();
}

export class History {
  /** `title(n)`: what the n-th of an item's samples is called on screen. */
  constructor(place, ask, title) {
    Object.assign(this, { place, ask, title, item: null });
    this.body = make("div.body");
    place.append(this.body);
    place.addEventListener("toggle", () => this.draw());
  }

  toggle() {
    this.place.open = !this.place.open;
  }

  /** The item on screen changed; asked for a moment later, so that fast keys ask nothing. */
  show(item) {
    this.item = item;
    clearTimeout(this.timer);
    if (this.place.open) this.timer = setTimeout(() => this.draw(), 250);
  }

  async draw() {
    const { item } = this;
    if (!this.place.open || !item) return this.body.replaceChildren();
    const answer = await this.ask("review_history", { sample_id: item.sample_id });
    if (item !== this.item) return;
    if (!answer || answer.error) return this.body.replaceChildren(make("p.rondo-muted", {}, answer ? answer.error.message : "The server does not answer."));
    const rows = answer.history.map((one) => row(one, this.placed(one.words)));
    this.body.replaceChildren(rows.length ? make("ol", {}, ...rows) : make("p.rondo-muted", {}, "Nothing yet."));
    if (answer.is_hidden) this.body.append(make("p.rondo-muted", {}, "Colleagues' decisions are shown after yours."));
  }

  /** Samples are named by their numbers; those on screen by their columns too. */
  placed(words) {
    const ids = (this.item.members || []).map(({ sample_id }) => String(sample_id));
    return words.replace(/sample (\d+)/g, (name, id) => (ids.includes(id) ? `${name} (${this.title(ids.indexOf(id))})` : name));
  }
}

function row(one, words) {
  const what = `${KINDS[one.kind] || one.kind}${one.score === null ? "" : ` ${number(one.score)}`}${words ? `: ${words}` : ""}`;
  const at = new Date(one.at).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  const line = make("li", {}, make("b", {}, one.who), ` ${what} `, make("span.rondo-muted", {}, at));
  if (one.is_retracted) line.append(" ", make("span.rondo-badge", {}, "taken back"));
  if (one.is_late) line.append(" ", make("span.rondo-badge.warn", {}, "late"));
  if (one.is_bulk) line.append(" ", make("span.rondo-badge", {}, "bulk"));
  if (one.note) line.append(make("p.note", { dir: "auto", textContent: one.note }));
  return line;
}
