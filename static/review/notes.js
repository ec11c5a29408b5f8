// @ts-check
// Notes, and what was done to the item so far: one's own always, colleagues' as far as the server tells.

import { keep, keepDraft, recall } from "./editor.js";
import { keyName, make, number, onTextKeys } from "./elements.js";
import { moment } from "./times.js";

/** @type {Record<string, string>} */
const KINDS = {
  accept: "accepted",
  reject: "rejected",
  score: "gave",
  prefer: "chose among the group",
  rank: "ranked the group",
  edit: "edited",
  flag: "flagged",
  skip: "skipped",
  note: "noted",
  retract: "took a decision back",
};

/**
 * @param {{me: number}} desk
 * @param {number} id
 */
const noteName = (desk, id) => `rondo.review.note.${desk.me}.${id}`;

/**
 * Keep the words of an act that was not saved, to be found when they are written again.
 * @param {{me: number}} desk
 * @param {{sample_id: number, text?: string, note?: string}} act
 */
export function keepWords(desk, { sample_id, text, note }) {
  if (text) keepDraft(desk, sample_id, text);
  if (note) keep(noteName(desk, sample_id), note);
}

/**
 * Write a note; the item stays on screen. What is typed is kept in this browser until it is sent.
 * @param {Desk} desk
 * @param {Item} item
 */
export function writeNote(desk, item) {
  const name = noteName(desk, item.sample_id);
  const box = make("textarea", {
    value: recall(name) || "",
    rows: 3,
    maxLength: 4000,
    dir: "auto",
    "aria-label": "Note",
  });
  const keepNow = () => keep(name, box.value.trim() ? box.value : null);
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    keep(name, null);
    const note = box.value.trim();
    desk.endWork();
    if (note) desk.noted(item, note);
  };
  const leave = () => {
    clearTimeout(timer);
    keepNow();
    desk.endWork();
    if (!box.value.trim()) return;
    if (desk.round.is_open)
      desk.hint(`Your note is kept: ${keyName(desk.bindings.first("note")) || "Note"} opens it again.`);
    else desk.keepText({ kind: "note", sample_id: item.sample_id, note: box.value });
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keepNow, 300);
  });
  onTextKeys(box, { save, leave });
  /** @type {(kind: string, label: string, onclick: () => void) => Node} */
  const button = (kind, label, onclick) => make(`button.${kind}`, { type: "button", onclick }, label);
  const about = box.value ? make("span.rondo-muted", {}, "This is what you typed before.") : null;
  desk.beginWork([
    box,
    make(
      "p.rondo-toolbar",
      {},
      button("rondo-primary", "Save the note", save),
      button("rondo-quiet", "Leave", leave),
      about,
    ),
  ]);
  box.focus();
}

export class History {
  /**
   * `title(n)`: what the n-th of an item's samples is called on screen.
   * @param {HTMLDetailsElement} place
   * @param {import("./rest.js").Rest} rest
   * @param {(n: number) => string} title
   */
  constructor(place, rest, title) {
    this.place = place;
    this.rest = rest;
    this.title = title;
    /** @type {Item | undefined} */
    this.item = undefined;
    this.timer = 0;
    this.body = make("div.body");
    place.append(this.body);
    place.addEventListener("toggle", () => this.draw());
  }

  toggle() {
    this.place.open = !this.place.open;
  }

  /**
   * The item on screen changed; asked for a moment later, so that fast keys ask nothing.
   * @param {Item | undefined} item
   */
  show(item) {
    this.item = item;
    clearTimeout(this.timer);
    if (this.place.open) this.timer = setTimeout(() => this.draw(), 250);
  }

  async draw() {
    const { item } = this;
    if (!this.place.open || !item) return this.body.replaceChildren();
    const answer = await this.rest.get(`/samples/${item.sample_id}/decisions`);
    if (item !== this.item) return;
    if (!answer || answer.error)
      return this.body.replaceChildren(
        make("p.rondo-muted", {}, answer ? answer.error.message : "The server does not answer."),
      );
    const rows = answer.entries.map((/** @type {any} */ one) => row(one, this.placed(one.words)));
    this.body.replaceChildren(rows.length ? make("ol", {}, ...rows) : make("p.rondo-muted", {}, "Nothing yet."));
    if (answer.is_hidden) this.body.append(make("p.rondo-muted", {}, "Colleagues' decisions are shown after yours."));
  }

  /**
   * Samples are named by their numbers; those on screen by their columns too.
   * @param {string} words
   */
  placed(words) {
    const ids = (this.item?.members || []).map(({ sample_id }) => String(sample_id));
    return words.replace(/sample (\d+)/g, (name, id) =>
      ids.includes(id) ? `${name} (${this.title(ids.indexOf(id))})` : name,
    );
  }
}

/**
 * @param {any} one
 * @param {string} words
 */
function row(one, words) {
  const what = `${KINDS[one.kind] || one.kind}${one.score === null ? "" : ` ${number(one.score)}`}${words ? `: ${words}` : ""}`;
  const at = moment(new Date(one.at));
  const line = make("li", {}, make("b", {}, one.who), ` ${what} `, make("span.rondo-muted", {}, at));
  if (one.is_retracted) line.append(" ", make("span.rondo-badge", {}, "taken back"));
  if (one.is_late) line.append(" ", make("span.rondo-badge.warn", {}, "late"));
  if (one.is_bulk) line.append(" ", make("span.rondo-badge", {}, "bulk"));
  if (one.note) line.append(make("p.note", { dir: "auto", textContent: one.note }));
  return line;
}
