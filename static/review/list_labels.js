// @ts-check
// Labels set in place: the list that the Samples page filters, a row decided by the desk's keys, and then the next one.

import { keyName, make, plural } from "./elements.js";
import { Bindings, isPressed, isTyping } from "./keys.js";
import { ListActs } from "./list_acts.js";
import { drawRow, markFirsts } from "./list_rows.js";
import { Outbox } from "./outbox.js";
import { refusal, Rest } from "./rest.js";

/** @typedef {import("./list_rows.js").Row} Row */

const OPEN = "rondo.labels";
const AT_ONCE = 50;
const NEAR_END = 10;
const ACTS = ["accept", "reject", "flag", "skip", "undo"];
const MOVES = ["next", "previous"];
/** @type {Record<string, string>} */
const ARROWS = { ArrowDown: "next", ArrowUp: "previous" };

export class ListLabels extends ListActs {
  /** @param {HTMLElement} element the place on the page; `data-rest` is the address of the list that is filtered */
  constructor(element) {
    super();
    this.place = element;
    this.isOn = false;
    this.isLoading = false;
    this.asked = "";
    this.next = "";
    this.address = "";
    this.rest = new Rest();
    this.bindings = new Bindings([], "sample");
    this.toggle = make("button.rondo-quiet", { type: "button", onclick: () => this.turn() }, "Label here");
    this.toggle.setAttribute("aria-pressed", "false");
    this.said = make("p.rondo-muted", { role: "status" });
    this.saved = make("span.unsaved.rondo-muted", { role: "status" });
    this.message.setAttribute("role", "alert");
    this.bar = make("div.rondo-toolbar", { hidden: true });
    this.list = make("ol", { role: "listbox", tabIndex: 0, hidden: true, "aria-label": "Samples to label" });
    element.replaceChildren(make("div.head", {}, this.toggle, this.said), this.message, this.bar, this.list);
    this.list.addEventListener("click", (/** @type {MouseEvent} */ event) => this.clicked(event));
    document.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("rondo-samples-asked", () => this.isOn && this.asked !== this.wanted && this.open());
    window.addEventListener("beforeunload", (event) => {
      if (this.outbox?.size || this.outbox?.held.length) event.preventDefault();
    });
    if (sessionStorage.getItem(OPEN) || location.hash === "#label") this.turn();
  }

  /** The list that the page shows now, as REST gives it. */
  get wanted() {
    return /** @type {HTMLElement | null} */ (document.querySelector("#samples-labels"))?.dataset.rest || "";
  }

  turn() {
    this.isOn = !this.isOn;
    if (this.isOn) sessionStorage.setItem(OPEN, "on");
    else sessionStorage.removeItem(OPEN);
    this.toggle.setAttribute("aria-pressed", String(this.isOn));
    this.toggle.textContent = this.isOn ? "Back to the table" : "Label here";
    for (const part of [this.bar, this.list]) part.hidden = !this.isOn;
    document.body.classList.toggle("rondo-labelling", this.isOn);
    this.tell(this.isOn ? "Opening the list…" : "");
    if (!this.isOn) this.message.hidden = true;
    else if (this.wanted) this.open();
  }

  /** @param {string} words */
  tell(words) {
    this.said.textContent = words;
  }

  /** The list anew, from its beginning. */
  async open() {
    const asked = (this.asked = this.wanted);
    const [, round] = /^\/rounds\/(\d+)\//.exec(asked) || [];
    const project = location.pathname.split("/")[2];
    this.rows = [];
    this.done = [];
    this.at = 0;
    this.list.replaceChildren();
    this.bar.hidden = true;
    this.message.hidden = true;
    const opened = await this.rest.get(`/projects/named/${project}/review?round=${round}`);
    if (asked !== this.asked || !this.isOn) return;
    const why = refusal(opened) || this.unable(opened);
    if (why) {
      this.tell(why);
      return;
    }
    const { me, desk } = opened;
    this.address = `/rounds/${round}`;
    this.rest = new Rest(me);
    this.bindings = new Bindings(desk.actions, "sample");
    if (this.outbox?.prefix !== `rondo.review.${me}.${round}.`) {
      this.outbox = new Outbox(`rondo.review.${me}.${round}`, (acts) => this.rest.sendActs(this.address, acts), {
        sent: (act, result) => this.sent(act, result),
        refused: (act, error) => this.refused(act, error),
        held: (error) => this.held(error.message),
        withdrawn: (act) => this.undone.delete(act.client_id),
        change: () => this.progress(),
      });
    }
    this.bar.hidden = false;
    this.drawBar();
    // What an earlier page left unsent comes first, so that the rows show it.
    await this.outbox.flush();
    this.next = asked;
    await this.load();
    if (asked !== this.asked) return;
    this.go(0);
    if (this.rows.length) this.list.focus({ preventScroll: true });
  }

  /**
   * Why nothing is decided here; empty where something is.
   * @param {any} opened
   */
  unable({ desk, empty }) {
    if (!desk) return empty;
    if (!desk.round.is_open) return desk.round.why_closed || "This round is not in review: nothing is decided now.";
    if (desk.mode !== "sample")
      return `This round is reviewed in the mode ${desk.mode}, not sample by sample. Decide at the review desk.`;
    return "";
  }

  /** The next rows, below those that are here. */
  async load() {
    const { asked, next } = this;
    if (!next || this.isLoading) return;
    this.isLoading = true;
    const page = await this.rest.get(`${next}&limit=${AT_ONCE}`);
    const ids = (page?.items || []).map((/** @type {{id: number}} */ { id }) => id);
    const body = { sample_ids: ids };
    const rows = ids.length ? await this.rest.post(`${this.address}/review/rows`, body) : [];
    this.isLoading = false;
    if (asked !== this.asked) return;
    const why = refusal(page) || refusal(rows);
    if (why) {
      this.tell(why);
      return;
    }
    const known = new Set(this.rows.map(({ sample }) => sample.id));
    this.rows.push(...rows.map(taken).filter((/** @type {Row} */ { sample }) => !known.has(sample.id)));
    this.next = page.next ? `${asked}&after=${encodeURIComponent(page.next)}` : "";
    for (const row of this.rows.slice(known.size)) this.takeUp(row);
    markFirsts(this.rows);
    for (const row of this.rows.slice(known.size)) this.list.append(this.draw(row));
    this.progress();
  }

  /** @param {Row} row */
  draw(row) {
    const address = `samples?round=${this.address.split("/")[2]}&sample=${row.sample.id}`;
    return drawRow(row, { isCurrent: row === this.current, address });
  }

  drawBar() {
    const button = (/** @type {string} */ name) => {
      const { label } = this.bindings.byName.get(name) || { label: name };
      const key = this.bindings.first(name);
      const short = { flag: "Flag", undo: "Undo" }[name] || label;
      return make(
        "button.rondo-quiet",
        { type: "button", title: label, onclick: () => this.run(name) },
        short,
        key ? make("kbd", {}, keyName(key)) : null,
      );
    };
    this.bar.replaceChildren(...ACTS.map(button), this.saved);
  }

  /** How much is not saved, and how many rows there are. */
  progress() {
    const { outbox } = this;
    if (!outbox) return;
    const number = outbox.size + outbox.held.length;
    const why = outbox.isSignedOut ? outbox.whySignedOut : outbox.retryAt ? "the server does not answer" : "";
    this.saved.textContent = number ? `${number} unsaved${why ? ` – ${why}` : ""}` : "All saved";
    const more = this.next ? ", more below" : "";
    const none = "No sample passes these filters. Clear one of them.";
    this.tell(this.rows.length ? `${plural(this.rows.length, "sample")} here${more}` : this.isLoading ? "" : none);
    if (!outbox.size && !outbox.busy) this.refresh();
  }

  /** Labels after decisions: others may have decided too. */
  async refresh() {
    const ids = [...this.changed];
    if (!ids.length) return;
    this.changed.clear();
    const rows = await this.rest.post(`${this.address}/review/rows`, { sample_ids: ids.slice(0, 200) });
    if (refusal(rows)) return;
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

  /** @param {number} at */
  go(at) {
    const before = this.current;
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
    if (at >= 0 && at !== this.at) this.go(at);
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
    if (!name || ![...ACTS, ...MOVES].includes(name)) return;
    event.preventDefault();
    if (!event.repeat || MOVES.includes(name)) this.run(name);
  }

  /** @param {string} name */
  run(name) {
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
