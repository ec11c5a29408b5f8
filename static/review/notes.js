// @ts-check
// Notes, and what was done to the item so far: one's own always, colleagues' as far as the server tells.

import { gettext } from "../gettext.js";
import { Details } from "./details.js";
import { keepDraft } from "./editor.js";
import { keyName, make, number, onTextKeys, primaryButton, quietButton } from "./elements.js";
import { keep, recall } from "./kept.js";
import { moment } from "./times.js";

/** @type {Record<string, string>} */
const KINDS = {
  accept: gettext("accepted"),
  reject: gettext("rejected"),
  prefer: gettext("chose among the group"),
  rank: gettext("ranked the group"),
  edit: gettext("edited"),
  flag: gettext("flagged"),
  skip: gettext("skipped"),
  note: gettext("noted"),
  retract: gettext("took a decision back"),
};

/**
 * What writing a note needs. `noted(item, note)` sends it, `keepText` keeps it readable where it cannot be sent.
 * @typedef {{review: import("./review.js").Review, work: import("./work.js").Work,
 *   status: import("./status.js").Status, bindings: import("./keys.js").Bindings,
 *   noted: (item: Item, note: string) => void,
 *   keepText: (act: {kind: string, sample_id: number, note: string}) => void}} NoteNeeds
 */

/**
 * @param {{me: number}} person
 * @param {number} id
 */
const noteName = (person, id) => `rondo.review.note.${person.me}.${id}`;

/**
 * Keep the words of an act that was not saved, to be found when they are written again.
 * @param {{me: number}} person
 * @param {{sample_id: number, text?: string, note?: string}} act
 */
export function keepWords(person, { sample_id, text, note }) {
  if (text) keepDraft(person, sample_id, text);
  if (note) keep(noteName(person, sample_id), note);
}

/**
 * Write a note; the item stays on screen. What is typed is kept in this browser until it is sent.
 * @param {NoteNeeds} needs
 * @param {Item} item
 */
export function writeNote({ review, work, status, bindings, noted, keepText }, item) {
  const name = noteName(review, item.sample_id);
  const box = make("textarea", {
    value: recall(name) || "",
    rows: 3,
    maxLength: 4000,
    dir: "auto",
    "aria-label": gettext("Note"),
  });
  const keepNow = () => keep(name, box.value.trim() ? box.value : null);
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    keep(name, null);
    const note = box.value.trim();
    work.end();
    if (note) noted(item, note);
  };
  const leave = () => {
    clearTimeout(timer);
    keepNow();
    work.end();
    if (!box.value.trim()) return;
    const key = keyName(bindings.first("note")) || gettext("Note");
    if (review.isOpen) status.hint(gettext("Your note is kept: {key} opens it again.", { key }));
    else keepText({ kind: "note", sample_id: item.sample_id, note: box.value });
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keepNow, 300);
  });
  onTextKeys(box, { save, leave });
  const about = box.value ? make("span.rondo-muted", {}, gettext("This is what you typed before.")) : null;
  work.begin([
    box,
    make(
      "p.rondo-toolbar",
      {},
      primaryButton(gettext("Save the note"), save),
      quietButton(gettext("Leave"), leave),
      about,
    ),
  ]);
  box.focus();
}

export class History extends Details {
  toggle() {
    this.place.open = !this.place.open;
  }

  /** @param {Item} item */
  paths(item) {
    return [`/samples/${item.sample_id}/decisions`];
  }

  /**
   * @param {Item} _item
   * @param {any[]} answers
   */
  drawn(_item, [answer]) {
    const rows = answer.entries.map((/** @type {any} */ entry) =>
      row(
        entry,
        valueWords(entry, (id) => this.named(id)),
      ),
    );
    const shown = [rows.length ? make("ol", {}, ...rows) : make("p.rondo-muted", {}, gettext("Nothing yet."))];
    if (answer.is_hidden)
      shown.push(make("p.rondo-muted", {}, gettext("Colleagues' decisions are shown after yours.")));
    return shown;
  }

  /**
   * Samples are named by their numbers; those on screen by their columns too.
   * @param {number} id
   */
  named(id) {
    const n = (this.item?.members || []).findIndex(({ sample_id }) => sample_id === id);
    return n < 0 ? gettext("sample {id}", { id }) : gettext("sample {id} ({name})", { id, name: this.title(n) });
  }
}

/**
 * What a decision holds besides its kind, in words; empty where it holds nothing more.
 * @param {{value: any, edit_id?: number | null}} entry
 * @param {Names} named
 */
export function valueWords({ value, edit_id: editId }, named) {
  /** @param {number[]} ids */
  const list = (ids) => ids.map(named).join(", ");
  if (value.all_bad?.length) return gettext("all bad: {samples}", { samples: list(value.all_bad) });
  if (value.tie?.length) return gettext("tie: {samples}", { samples: list(value.tie) });
  if (value.order?.length) return gettext("best first: {samples}", { samples: list(value.order) });
  if ((value.best ?? null) !== null) {
    const best = named(value.best);
    if ((value.worst ?? null) === null) return gettext("best: {best}", { best });
    return gettext("best: {best}, worst: {worst}", { best, worst: named(value.worst) });
  }
  if ((editId ?? null) !== null) return gettext("made sample {id}", { id: Number(editId) });
  if (!("judge_right" in value)) return "";
  if (value.judge_right) return gettext("the judge is right");
  return value.why ? gettext("the judge is wrong: {why}", { why: value.why }) : gettext("the judge is wrong");
}

/**
 * @param {any} entry
 * @param {string} words
 */
function row(entry, words) {
  const { kind, score } = entry;
  const value = score === null ? "" : ` ${number(score)}`;
  const act = kind === "score" ? gettext("gave {score}", { score: number(score) }) : (KINDS[kind] || kind) + value;
  const what = words ? gettext("{act}: {words}", { act, words }) : act;
  const at = moment(new Date(entry.at));
  const line = make("li", {}, make("b", {}, entry.who), ` ${what} `, make("span.rondo-muted", {}, at));
  if (entry.is_retracted) line.append(" ", make("span.rondo-badge", {}, gettext("taken back")));
  if (entry.is_late) line.append(" ", make("span.rondo-badge.warn", {}, gettext("late")));
  if (entry.is_bulk) line.append(" ", make("span.rondo-badge", {}, gettext("bulk")));
  if (entry.note) line.append(make("p.note", { dir: "auto", textContent: entry.note }));
  return line;
}
