// @ts-check
// Labels set in place: the list that the Samples page filters, a row decided by the desk's keys, and then the next one.

import { make, plural } from "./elements.js";
import { Bindings, isAlone, isPressed, isTyping } from "./keys.js";
import { actButton, ListPlace, OPEN, roundOf, unable } from "./list_place.js";
import { drawRow, markFirsts } from "./list_rows.js";
import { refusal, Rest } from "./rest.js";

/** @typedef {import("./list_rows.js").Row} Row */

const AT_ONCE = 50;
const NEAR_END = 10;
const ACTS = ["accept", "reject", "flag", "skip", "undo"];
const MOVES = ["next", "previous"];
/** @type {Record<string, string>} */
const ARROWS = { ArrowDown: "next", ArrowUp: "previous" };

export class ListLabels extends ListPlace {
  /** @param {HTMLElement} element the place on the page; `data-rest` is the address of the list that is filtered */
  constructor(element) {
    super(element);
    /** @type {object | null} */
    this.loading = null;
    this.next = "";
    this.address = "";
    this.bindings = new Bindings([], "sample");
    this.saved = make("span.unsaved.rondo-muted", { role: "status" });
    this.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.clicked(event));
    document.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("rondo-samples-asked", () => this.follow());
    window.addEventListener("beforeunload", (event) => {
      if (this.unsaved) event.preventDefault();
    });
    if (location.hash === "#label") this.turn();
    if (this.wanted !== undefined) this.follow();
  }

  /** The list anew, from its beginning. */
  async open() {
    const asked = (this.asked = this.wanted);
    const opening = (this.opening = {});
    const round = roundOf(asked);
    const project = location.pathname.split("/")[2];
    this.rows = [];
    this.done = [];
    this.at = 0;
    this.next = "";
    this.changed.clear();
    this.list.replaceChildren();
    this.bar.hidden = true;
    this.notice("");
    if (!round) {
      this.stop();
      this.tell("There is no list to label here.");
      return;
    }
    sessionStorage.setItem(OPEN, round);
    this.tell("Opening the list…");
    const opened = await this.rest.get(`/projects/named/${project}/review?round=${round}`);
    if (opening !== this.opening) return;
    const failure = refusal(opened);
    if (failure) {
      this.stop();
      this.tell(failure);
      return;
    }
    const why = unable(opened);
    if (why) {
      this.turn();
      this.forbid(why, round);
      return;
    }
    const { me, desk } = opened;
    this.address = `/rounds/${round}`;
    this.rest = new Rest(me);
    this.bindings = new Bindings(desk.actions, "sample");
    this.outbox = this.outboxOf(me, this.address);
    document.body.classList.add("rondo-labelling");
    this.bar.hidden = false;
    this.drawBar();
    // What an earlier page left unsent comes first, so that the rows show it.
    this.next = asked || "";
    await this.outbox.flush();
    if (opening !== this.opening) return;
    await this.load();
    if (opening !== this.opening) return;
    this.begin();
    if (this.rows.length) this.list.focus({ preventScroll: true });
  }

  /** The next rows, below those that are here. */
  async load() {
    const { asked, opening } = this;
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
        this.tell(why);
        return;
      }
      this.next = page.next ? `${asked}&after=${encodeURIComponent(page.next)}` : "";
      this.add(rows);
      if (this.next && this.rows.length === length) this.tell("No sample passed so far. Looking further…");
    }
    this.loading = null;
    this.progress();
  }

  /**
   * Put rows below those that are here.
   * @param {any[]} rows as the server sends them
   */
  add(rows) {
    const known = new Set(this.rows.map(({ sample }) => sample.id));
    this.rows.push(...rows.map(taken).filter((/** @type {Row} */ { sample }) => !known.has(sample.id)));
    for (const row of this.rows.slice(known.size)) this.takeUp(row);
    markFirsts(this.rows);
    for (const row of this.rows.slice(known.size)) this.list.append(this.draw(row));
    // What was decided last was the last row, until these came.
    if (!this.ended || this.rows.length === known.size) return;
    this.hint("");
    this.go(known.size);
  }

  /** @param {Row} row */
  draw(row) {
    const address = `samples?round=${this.address.split("/")[2]}&sample=${row.sample.id}`;
    return drawRow(row, { isCurrent: row === this.current, address });
  }

  drawBar() {
    const buttons = ACTS.map((name) => actButton(name, this.bindings, () => this.run(name)));
    this.hint("");
    this.bar.replaceChildren(...buttons, this.saved, this.hinted);
  }

  /** How much is not saved, and how many rows there are. */
  progress() {
    const { outbox } = this;
    if (!outbox) return;
    const number = this.unsaved;
    const late = this.outboxes.find(({ isSignedOut, retryAt }) => isSignedOut || retryAt);
    const why = late?.isSignedOut ? late.whySignedOut : late ? "the server does not answer" : "";
    this.saved.textContent = number ? `${number} unsaved${why ? ` – ${why}` : ""}` : "All saved";
    const more = this.next ? ", more below" : "";
    const none = "No sample passes these filters. Clear one of them.";
    if (!this.bar.hidden && !this.loading && this.opening && (this.rows.length || !this.next))
      this.tell(this.rows.length ? `${plural(this.rows.length, "sample")} here${more}` : none);
    if (!outbox.size && !outbox.busy) this.refresh();
  }

  /** Labels after decisions: others may have decided too. */
  async refresh() {
    const { opening } = this;
    const ids = [...this.changed].slice(0, 200);
    if (!ids.length) return;
    ids.forEach((id) => this.changed.delete(id));
    const rows = await this.rest.post(`${this.address}/review/rows`, { sample_ids: ids });
    if (opening !== this.opening) return;
    if (refusal(rows)) {
      ids.forEach((id) => this.changed.add(id));
      return;
    }
    for (const fresh of rows.map(taken)) {
      const row = this.find(fresh.sample.id);
      // What was decided since is newer than this answer.
      if (!row || this.waits(row)) continue;
      Object.assign(row, { sample: fresh.sample, mine: fresh.mine, flag: fresh.flag });
      this.draw(row);
    }
  }

  /** @param {Row} row */
  waits(row) {
    const entries = this.outbox ? [...this.outbox.acts, ...this.outbox.held] : [];
    const undone = new Set([...this.undone.values()].map((entry) => entry.row));
    return undone.has(row) || entries.some(({ act }) => act.sample_id === row.sample.id);
  }

  /** On the first row that one did not decide; where that is still below, on the last one that is here. */
  begin() {
    const first = this.rows.findIndex(({ mine }) => !mine);
    this.go(first >= 0 ? first : this.next ? this.rows.length - 1 : 0);
  }

  /** @param {number} at */
  go(at) {
    const before = this.current;
    this.ended = false;
    this.at = Math.max(0, Math.min(at, this.rows.length - 1));
    this.started = performance.now();
    if (before && before !== this.current) this.draw(before);
    if (!this.current) return;
    const element = this.draw(this.current);
    this.list.setAttribute("aria-activedescendant", element.id);
    element.scrollIntoView({ block: "nearest" });
    if (this.rows.length - this.at < NEAR_END) this.load();
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const element = /** @type {HTMLElement} */ (event.target).closest("li");
    const at = this.rows.findIndex((row) => row.element === element);
    if (at >= 0 && (at !== this.at || this.ended)) this.go(at);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const { target } = event;
    if (!this.isOn || !this.rows.length || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || isTyping(target) || isPressed(target, event.key)) return;
    // Of a list or a tab that has the focus the arrows are its own.
    const inside = /** @type {HTMLElement} */ (target).closest?.("[role]");
    const isOurs = !inside || this.place.contains(inside) || inside.id === "rondo-main";
    const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    const name = (isPlain && isOurs && ARROWS[event.key]) || this.bindings.find(event);
    if (!name || ![...ACTS, ...MOVES].includes(name)) {
      if (isOurs && isAlone(event)) this.hint(`${event.key} means nothing here; the buttons show the keys.`);
      return;
    }
    event.preventDefault();
    if (!event.repeat || MOVES.includes(name)) this.run(name);
  }

  /** @param {string} name */
  run(name) {
    this.hint("");
    if (name === "next") this.go(this.at + 1);
    else if (name === "previous") this.go(this.at - 1);
    else if (name === "undo") this.undo();
    else if (name === "flag") this.flag();
    else this.decide(name);
  }
}

/**
 * A row as the server sends it.
 * @param {any} row
 * @returns {Row}
 */
const taken = (row) => ({ ...row, mine: row.mine && { ...row.mine, saved: true } });

/** @param {HTMLElement} element */
export const start = (element) => new ListLabels(element);
