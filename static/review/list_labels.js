// @ts-check
// Labels set in place: the list that the Samples page filters, a row decided by the desk's keys, and then the next one.

import { gettext, ngettext } from "../gettext.js";
import { figures, make } from "./elements.js";
import { Bindings, isAlone, isPressed, isTyping } from "./keys.js";
import { ListActs } from "./list_acts.js";
import { HeldNotice } from "./list_held.js";
import { actButton, ListPlace, OPEN, roundOf, unable } from "./list_place.js";
import { drawRow, received, Rows } from "./list_rows.js";
import { refusal, Rest } from "./rest.js";
import { Stopwatch } from "./stopwatch.js";

/** @typedef {import("./list_rows.js").Row} Row */

const AT_ONCE = 50;
const NEAR_END = 10;
const ACTS = ["accept", "reject", "flag", "skip", "undo"];
const MOVES = ["next", "previous"];
/** @type {Record<string, string>} */
const ARROWS = { ArrowDown: "next", ArrowUp: "previous" };

export class ListLabels {
  /** @param {HTMLElement} element the place on the page; `data-rest` is the address of the list that is filtered */
  constructor(element) {
    this.rest = new Rest();
    this.rows = new Rows();
    this.stopwatch = new Stopwatch();
    this.place = new ListPlace(element, {
      open: (asked) => this.open(asked),
      close: () => this.stop(),
      ask: (round) => this.rest.get(`/projects/named/${location.pathname.split("/")[2]}/review?round=${round}`),
    });
    this.notice = new HeldNotice(this.place.message, {
      isHere: (outbox) => outbox === this.acts.outbox,
      dropped: (act) => this.acts.drop(act),
      changed: () => this.progress(),
    });
    this.acts = new ListActs(this.rows, this.stopwatch, {
      draw: (row) => this.draw(row),
      go: (at) => this.go(at),
      hint: (words) => this.place.hint(words),
      notice: (words) => this.notice.say(words),
      held: (outbox, why) => this.notice.hold(outbox, why),
      changed: () => this.progress(),
    });
    /** What the list was opened by last; an answer to an earlier opening is none any more. @type {object | null} */
    this.opening = null;
    /** @type {object | null} */
    this.loading = null;
    this.next = "";
    this.address = "";
    this.bindings = new Bindings([], "sample");
    this.saved = make("span.unsaved.rondo-muted", { role: "status" });
    this.place.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.clicked(event));
    document.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("rondo-samples-asked", () => this.place.follow());
    window.addEventListener("beforeunload", (event) => {
      if (this.acts.unsaved) event.preventDefault();
    });
    if (location.hash === "#label") this.place.turn();
    if (this.place.wanted !== undefined) this.place.follow();
  }

  /**
   * The list anew, from its beginning.
   * @param {string | undefined} asked its address
   */
  async open(asked) {
    const { place } = this;
    const opening = (this.opening = {});
    const round = roundOf(asked);
    this.rows.clear();
    this.acts.clear();
    this.next = "";
    place.list.replaceChildren();
    place.bar.hidden = true;
    this.notice.say("");
    if (!round) {
      this.stop();
      place.tell(gettext("There is no list to label here."));
      return;
    }
    sessionStorage.setItem(OPEN, round);
    place.tell(gettext("Opening the list…"));
    const opened = await place.ask(round);
    if (opening !== this.opening) return;
    const failure = refusal(opened);
    if (failure) {
      this.stop();
      place.tell(failure);
      return;
    }
    const why = unable(opened);
    if (why) {
      place.turn();
      place.forbid(why, round);
      return;
    }
    const { me, desk } = opened;
    this.address = `/rounds/${round}`;
    this.rest = new Rest(me);
    this.bindings = new Bindings(desk.actions, "sample");
    const outbox = this.acts.openOutbox(me, this.address);
    document.body.classList.add("rondo-labelling");
    place.bar.hidden = false;
    this.drawBar();
    // What an earlier page left unsent comes first, so that the rows show it.
    this.next = asked || "";
    await outbox.flush();
    if (opening !== this.opening) return;
    await this.load();
    if (opening !== this.opening) return;
    this.begin();
    if (this.rows.length) place.list.focus({ preventScroll: true });
  }

  /** The table stands again, and what is still asked for comes to nothing. */
  stop() {
    this.opening = null;
    document.body.classList.remove("rondo-labelling");
  }

  /** The next rows, below those that are here. */
  async load() {
    const { opening, place } = this;
    const { asked } = place;
    if (!this.next || !opening || this.loading === opening) return;
    this.loading = opening;
    const { length } = this.rows;
    // A search may end a page before it came upon any sample.
    while (this.next && this.rows.length === length) {
      const page = await this.rest.get(`${this.next}&limit=${AT_ONCE}`);
      const ids = (page?.items || []).map((/** @type {{id: number}} */ { id }) => id);
      const body = { sample_ids: ids };
      const rows = ids.length ? await this.rest.post(`${this.address}/review/rows`, body) : [];
      if (opening !== this.opening) return;
      const why = refusal(page) || refusal(rows);
      if (why) {
        this.loading = null;
        place.tell(why);
        return;
      }
      this.next = page.next ? `${asked}&after=${encodeURIComponent(page.next)}` : "";
      this.add(rows.map(received));
      if (this.next && this.rows.length === length) place.tell(gettext("No sample passed so far. Looking further…"));
    }
    this.loading = null;
    this.progress();
  }

  /**
   * Put rows below those that are here.
   * @param {Row[]} rows
   */
  add(rows) {
    const before = this.rows.length;
    const added = this.rows.add(rows);
    for (const row of added) this.acts.takeUp(row);
    for (const row of added) this.place.list.append(this.draw(row));
    // What was decided last was the last row, until these came.
    if (!this.rows.ended || !added.length) return;
    this.place.hint("");
    this.go(before);
  }

  /** @param {Row} row */
  draw(row) {
    const address = `samples?round=${this.address.split("/")[2]}&sample=${row.sample.id}`;
    return drawRow(row, { isCurrent: row === this.rows.current, address });
  }

  drawBar() {
    const buttons = ACTS.map((name) => actButton(name, this.bindings, () => this.run(name)));
    this.place.hint("");
    this.place.bar.replaceChildren(...buttons, this.saved, this.place.hinted);
  }

  /** How much is not saved, and how many rows there are. */
  progress() {
    const { place } = this;
    const { outbox, outboxes, unsaved: number } = this.acts;
    if (!outbox) return;
    const late = outboxes.find(({ isSignedOut, retryAt }) => isSignedOut || retryAt);
    const unsaved = late?.whySignedOut
      ? gettext("{number} unsaved – {why}", { number, why: late.whySignedOut })
      : late
        ? gettext("{number} unsaved – the server does not answer", { number })
        : gettext("{number} unsaved", { number });
    this.saved.textContent = number ? unsaved : gettext("All saved");
    if (!place.bar.hidden && !this.loading && this.opening && (this.rows.length || !this.next))
      place.tell(this.rows.length ? this.counted() : gettext("No sample passes these filters. Clear one of them."));
    if (!outbox.size && !outbox.busy) this.refresh();
  }

  /** How many rows there are, in words. */
  counted() {
    const { length } = this.rows;
    const count = figures(length);
    return this.next
      ? ngettext("{count} sample here, more below", "{count} samples here, more below", length, { count })
      : ngettext("{count} sample here", "{count} samples here", length, { count });
  }

  /** Labels after decisions: others may have decided too. */
  async refresh() {
    const { opening } = this;
    const { stale } = this.acts;
    const ids = [...stale].slice(0, 200);
    if (!ids.length) return;
    ids.forEach((id) => stale.delete(id));
    const rows = await this.rest.post(`${this.address}/review/rows`, { sample_ids: ids });
    if (opening !== this.opening) return;
    if (refusal(rows)) {
      ids.forEach((id) => stale.add(id));
      return;
    }
    for (const fresh of rows.map(received)) {
      const row = this.rows.find(fresh.sample.id);
      // What was decided since is newer than this answer.
      if (!row || this.acts.waits(row)) continue;
      Object.assign(row, { sample: fresh.sample, mine: fresh.mine, flag: fresh.flag });
      this.draw(row);
    }
  }

  /** On the first row that one did not decide; where that is still below, on the last one that is here. */
  begin() {
    const first = this.rows.all.findIndex(({ mine }) => !mine);
    this.go(first >= 0 ? first : this.next ? this.rows.length - 1 : 0);
  }

  /** @param {number} at */
  go(at) {
    const { rows, place } = this;
    const before = rows.current;
    rows.goTo(at);
    this.stopwatch.start();
    if (before && before !== rows.current) this.draw(before);
    if (!rows.current) return;
    const element = this.draw(rows.current);
    place.list.setAttribute("aria-activedescendant", element.id);
    element.scrollIntoView({ block: "nearest" });
    if (rows.length - rows.at < NEAR_END) this.load();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const element = /** @type {HTMLElement} */ (event.target).closest("li");
    const at = this.rows.all.findIndex((row) => row.element === element);
    if (at >= 0 && (at !== this.rows.at || this.rows.ended)) this.go(at);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const { target, key } = event;
    const { place } = this;
    if (!place.isOn || !this.rows.length || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || isTyping(target) || isPressed(target, key)) return;
    // Of a list or a tab that has the focus the arrows are its own.
    const inside = /** @type {HTMLElement} */ (target).closest?.("[role]");
    const isOurs = !inside || place.element.contains(inside) || inside.id === "rondo-main";
    const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    const name = (isPlain && isOurs && ARROWS[key]) || this.bindings.find(event);
    if (!name || ![...ACTS, ...MOVES].includes(name)) {
      if (isOurs && isAlone(event))
        place.hint(gettext("{key} means nothing here; the buttons show the keys.", { key }));
      return;
    }
    event.preventDefault();
    if (!event.repeat || MOVES.includes(name)) this.run(name);
  }

  /** @param {string} name */
  run(name) {
    this.place.hint("");
    if (name === "next") this.go(this.rows.at + 1);
    else if (name === "previous") this.go(this.rows.at - 1);
    else if (name === "undo") this.acts.undo();
    else if (name === "flag") this.acts.flag();
    else this.acts.decide(name);
  }
}

/** @param {HTMLElement} element */
export const start = (element) => new ListLabels(element);
