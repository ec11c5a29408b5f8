// @ts-check
// Writing on the item: a rewrite, a repair by the model, a note, tags; and going on with one that was refused.

import { gettext } from "../gettext.js";
import { edit } from "./editor.js";
import { writeNote } from "./notes.js";
import { Repair } from "./repair.js";
import { writeTags } from "./tags.js";

/**
 * What writing needs. `pick(item)`: what was chosen on a group so far. `stops(kind, target)`: whether a required answer
 * is lacking. `edited` and `noted` send what was written, `keepText` keeps it readable where that cannot be.
 * @typedef {import("./editor.js").EditorNeeds & import("./notes.js").NoteNeeds &
 *   import("./repair.js").RepairNeeds} WrittenNeeds
 * @typedef {Omit<WrittenNeeds, "me" | "editFrom"> & {queue: import("./queue.js").Queue,
 *   pick: (item: Item) => Choice | undefined, stops: (kind: string, target: Sample) => boolean,
 *   paint: () => void}} WritingNeeds
 */

export class Writing {
  /** @param {WritingNeeds} needs */
  constructor({ queue, pick, stops, paint, ...needs }) {
    this.queue = queue;
    this.pick = pick;
    this.stops = stops;
    this.paint = paint;
    this.review = needs.review;
    this.work = needs.work;
    this.status = needs.status;
    /** @type {WrittenNeeds} */
    this.needs = {
      ...needs,
      me: needs.review.me,
      editFrom: (target, start, value) => edit(this.needs, target, { start, value }),
    };
  }

  get canBegin() {
    return Boolean(this.queue.current) && this.review.isOpen && !this.work.isBegun;
  }

  /** The sample to edit, repair or tag: the one there is, the best so far, or the column one is in. */
  target() {
    const item = this.queue.current;
    if (!item || !this.canBegin) return null;
    if (!item.members) return item;
    const column = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest?.(".column"));
    const id = this.pick(item)?.best || Number(column?.dataset.sample);
    const member = item.members.find(({ sample_id }) => sample_id === id);
    if (!member) this.status.hint(gettext("Choose a column first: click into it, or press Tab."));
    return member || null;
  }

  edit() {
    const target = this.target();
    if (target && !this.stops("edit", target)) edit(this.needs, target);
  }

  repair() {
    const target = this.target();
    if (target && !this.stops("edit", target)) new Repair(this.needs, target);
  }

  tag() {
    const target = this.target();
    if (target) writeTags(this.needs, target);
  }

  note() {
    const item = this.queue.current;
    if (item && this.canBegin) writeNote(this.needs, item);
  }

  /**
   * Go on with a text that was refused, where its item is still here.
   * @param {{sample_id: number, text?: string, value?: any}} act
   */
  reopen({ sample_id, text, value }) {
    const isIt = (/** @type {Sample} */ sample) => sample.sample_id === sample_id;
    const item = this.queue.items.find((other) => (other.members || [other]).some(isIt));
    if (!item || this.work.isBegun || !this.review.isOpen)
      return this.status.hint(
        text
          ? gettext("This sample cannot be edited now. Copy the text from the message.")
          : gettext("This sample cannot be edited now. Copy the note from the message."),
      );
    this.queue.goTo(item);
    this.paint();
    if (!text) return writeNote(this.needs, item);
    return edit(this.needs, item.members?.find(isIt) || item, { start: text, value: value || null });
  }
}
