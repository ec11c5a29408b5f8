// @ts-check
// The review desk: paints the next item at once, sends decisions behind, shows the judge's view when it arrives.

import { Acts } from "./acts.js";
import { Chain } from "./chain.js";
import { askToClose } from "./closing.js";
import { Compare } from "./compare.js";
import { edit } from "./editor.js";
import { keyName, make, within } from "./elements.js";
import { OtherRounds } from "./other_rounds.js";
import { Find } from "./find.js";
import { Help } from "./help.js";
import { Bindings, listen } from "./keys.js";
import { layout, toolbar } from "./layout.js";
import { Queue } from "./queue.js";
import { PairMode } from "./mode_columns.js";
import { GroupMode } from "./mode_group.js";
import { JudgmentMode } from "./mode_judgment.js";
import { SampleMode } from "./mode_sample.js";
import { Outcomes } from "./outcomes.js";
import { History, writeNote } from "./notes.js";
import { Outbox } from "./outbox.js";
import { Palette } from "./palette.js";
import { Questions } from "./questions.js";
import { Repair } from "./repair.js";
import { kept, Rest } from "./rest.js";
import { Team } from "./team.js";
import * as text from "./text.js";
import { Thread } from "./thread.js";

/** @type {Record<Opened["mode"], new (desk: any) => any>} */
const MODES = { sample: SampleMode, group: GroupMode, pair: PairMode, judgment: JudgmentMode };
const ANSWER_IN = 30000;
const HELD = 900;
const FIRST = "Save or leave the text you are writing first.";
/** What a key pressed before the first item was shown still does. A decision is only made on what was seen. */
const EARLY = ["undo", "next", "previous", "help", "palette", "search", "history", "diff", "raw", "more"];
const WHILE_WORKING = ["help", "palette", "diff", "search", "history"];

export class Desk extends Acts {
  /**
   * `opened`: what the server said of the desk's round, of the person (`me`), and of the rounds one may go to.
   * @param {HTMLElement} element
   * @param {Opened} opened
   */
  constructor(element, opened) {
    super();
    Object.assign(this, { element, opened, done: [], undone: new Map(), known: new Set(), work: null });
    const { round, scores, scale, why, progress, shows, me, order } = opened;
    Object.assign(this, { round, scores, scale, why, progress, shows, me, order, tally: progress.mine });
    this.rest = new Rest(me);
    this.address = `/rounds/${round.id}`;
    this.bindings = new Bindings(opened.actions, opened.mode);
    /** @type {Mode} */
    this.mode = new MODES[opened.mode](this);
    this.parts = layout(element, opened, this);
    this.outbox = new Outbox(`rondo.review.${me}.${round.id}`, (acts) => this.rest.sendActs(this.address, acts), {
      sent: (act, result) => this.sent(act, result),
      refused: (act, error) => this.refused(act, error),
      held: (error) => this.held(error),
      withdrawn: (act) => this.withdrawn(act),
      change: (outbox) => this.changed(outbox),
    });
    this.queue = new Queue((wanted) => this.claim(wanted), {
      onChange: () => this.onItems(),
      onDrop: (ids) => this.team.giveBack(ids),
      most: opened.ahead,
    });
    this.questions = new Questions(/** @type {any} */ (this));
    this.addTools();
    this.started = performance.now();
    const knows = (/** @type {string} */ name) => this.mode.knows(name);
    /** @type {(name: string, key: string) => unknown} */
    const take = (name, key) => (this.isReady ? this.run(name, key) : this.pressed.push([name, key]));
    /** @type {[name: string, key: string][]} */
    this.pressed = [];
    const press = listen(this.bindings, take, { knows, missed: (key) => this.missed(key), leave: () => this.leave() });
    window.rondoEarlyKeys?.().forEach(press);
    window.addEventListener("beforeunload", (event) => {
      if (this.outbox.size || this.outbox.held.length || this.work || this.questions.texts.count)
        event.preventDefault();
    });
    setInterval(() => this.outbox.retryAt && this.paintBar(), 1000);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.outbox.flush());
  }

  addTools() {
    const { parts } = this;
    this.compare = new Compare(parts.compare, () => this.texts());
    this.find = new Find(parts.find, {
      inside: () => [parts.prompt, parts.answer, parts.assist],
      unfold: () => this.unfold(),
    });
    this.history = new History(parts.history, this.rest, (n) => this.mode.title?.(n) || "");
    this.comments = new Thread(parts.comments);
    this.chain = new Chain(parts.chain, this.rest, (n) => this.mode.title?.(n) || "");
    this.palette = new Palette(parts.palette, () => this.commands());
    this.help = new Help(parts.help, this.bindings, {
      save: (keys) => this.rest.put("/me/review/keys", { keys }),
      changed: () => {
        parts.actions.replaceChildren(...toolbar(this));
        this.paint({ keep: true });
      },
      knows: (name) => this.mode.knows(name),
    });
    this.outcomes = new Outcomes(parts.outcomes, {
      reopen: (act) => this.reopen(act),
      mayEdit: () => this.round.is_open,
    });
    this.team = new Team(this);
    this.otherRounds = new OtherRounds(parts.otherRounds, {
      me: this.me,
      rounds: this.opened.rounds,
      own: this.round.id,
    });
  }

  async start() {
    await this.outbox.flush();
    this.onItems();
    if (this.round.is_open) await this.queue.fill();
    this.paint();
    this.team.beat();
    this.takeUp();
  }

  /** Do, in order, what was asked by keys before there was an item. An undo is of the last thing asked, done or not. */
  takeUp() {
    this.isReady = true;
    const dropped = new Set();
    let undone = 0;
    for (const [name, key] of this.pressed.splice(0)) {
      const isOfDropped = name === "undo" && undone > 0;
      if (isOfDropped) undone -= 1;
      if (EARLY.includes(name) && !isOfDropped) this.run(name, key);
      else dropped.add(key);
      if (!EARLY.includes(name)) undone += 1;
    }
    // Said until it is read: what a hint says goes with the next thing that is painted.
    if (dropped.size) this.say(`Pressed before the item was shown, so nothing was decided: ${[...dropped].join(" ")}`);
  }

  /**
   * The next items, reserved for this person.
   * @param {object} wanted
   */
  async claim(wanted) {
    const answer = await this.rest.post(`${this.address}/review/claims`, { order: this.order, ...wanted });
    return answer && !answer.error ? answer.map(kept) : answer;
  }

  /** @param {Outbox} outbox */
  changed(outbox) {
    this.paintBar();
    if (outbox.size || outbox.busy) return;
    this.otherRounds.lookLater();
    // The last item here is decided: the server says whether that is all.
    if (this.round.is_open) this.queue.ended();
  }

  /** @param {string} value */
  text(value) {
    return text.written(value, { whole: this.whole, isRaw: this.shows.text === "raw", onMore: () => this.do_more() });
  }

  onItems() {
    if (!this.shown || this.shown !== this.queue.current) this.paint();
    else this.paintBar();
  }

  /**
   * @param {string} name
   * @param {string} key
   */
  run(name, key = "") {
    if (this.work && !WHILE_WORKING.includes(name)) return this.hint(FIRST);
    if (!this.mode.knows(name)) return this.missed(key);
    if (this.round.is_open && this.mode.run(name)) return undefined;
    return /** @type {any} */ (this)[`do_${name}`]?.();
  }

  /**
   * A key that nothing is bound to in this mode.
   * @param {string} key
   */
  missed(key) {
    if (this.work || !this.round.is_open) return;
    const help = this.bindings.first("help");
    this.hint(
      `${key} means nothing here; ${help ? keyName(help) : "Commands"} shows ${help ? "the keys" : "what there is"}.`,
    );
  }

  /** Escape: out of what was begun on the item and not submitted. */
  leave() {
    if (!this.work && this.canAct) this.mode.leave?.(this.queue.current);
  }

  /** Everything the palette offers. */
  commands() {
    const actions = this.bindings.actions.filter(({ name }) => this.mode.knows(name) && name !== "palette");
    /** @type {(part: "order" | "round", label: string) => import("./palette.js").Command[]} */
    const choices = (part, label) =>
      [...this.parts[part].options].map((option) => ({
        label: `${label}: ${option.textContent}`,
        keys: [],
        run: () => (part === "order" ? this.do_order(option.value) : this.do_round(option.value)),
      }));
    const toggle = {
      label: "Grey what all columns share, or show it",
      keys: [],
      run: () => this.show({ grey_common: !this.shows.grey_common }),
    };
    return [
      ...actions.map(({ name, label, keys }) => ({ label, keys, run: () => this.run(name) })),
      {
        label: "Change keys",
        keys: [],
        run: () => {
          this.help.open();
          this.help.isChanging = true;
          this.help.draw();
        },
      },
      ...(this.mode.names ? [toggle] : []),
      ...(this.round.can_close && this.round.is_open
        ? [{ label: "Close the review", keys: [], run: () => this.do_closing() }]
        : []),
      ...choices("order", "Order"),
      ...choices("round", "Go to"),
    ];
  }

  do_help() {
    this.help.open();
  }
  do_palette() {
    this.palette.open();
  }
  do_question() {
    this.questions.toggle();
  }
  do_search() {
    this.find.open();
  }
  do_diff() {
    this.compare.toggle();
  }
  do_history() {
    this.history.toggle();
  }
  do_closing() {
    return askToClose(this);
  }
  do_skip() {
    this.decide("skip");
  }
  do_submit() {
    if (this.mode.submit()) return;
    const passed = this.queue.current;
    this.do_next();
    if (passed && !passed.mine) this.hint("Nothing was decided, gone on.");
  }
  do_next() {
    this.queue.next();
    this.paint();
  }
  do_previous() {
    if (!this.queue.at) return this.toEarlier();
    this.queue.previous();
    return this.paint();
  }

  do_more() {
    this.whole = !this.whole;
    this.paint({ keep: true });
  }
  unfold() {
    if (!this.work && this.parts.desk.querySelector(".middle .more")) this.do_more();
  }
  do_raw() {
    this.show({ text: this.shows.text === "raw" ? "rendered" : "raw" });
  }
  do_note() {
    if (this.canAct) writeNote(this, this.queue.current);
  }

  /** Before the first item here come those decided before the page was loaded. */
  async toEarlier() {
    if (this.isGoingBack || !this.round.is_open) return;
    this.isGoingBack = true;
    const answer = await this.rest.post(`${this.address}/review/earlier`, {
      held: this.queue.items.slice(0, HELD).map(({ sample_id }) => sample_id),
    });
    this.isGoingBack = false;
    const item = answer && !answer.error ? kept(answer) : null;
    if (!item?.mine || this.queue.at || this.work || this.queue.find(item.sample_id)) return;
    const { kind, client_id } = item.mine;
    this.known.add(client_id);
    // What is taken back is what was done last: this came before everything done here.
    this.done.unshift({
      kind,
      client_id,
      text: kind === "edit" ? item.edits?.at(-1) : undefined,
      item,
      target: item,
      before: null,
    });
    this.queue.insert(item);
    this.paint();
  }

  do_edit() {
    const target = this.target();
    if (target && !this.questions.stops("edit", target)) edit(this, target);
  }

  do_repair() {
    const target = this.target();
    if (target && !this.questions.stops("edit", target)) new Repair(this, target);
  }

  /** @param {string} value */
  do_order(value) {
    this.parts.order.blur();
    if (this.work) {
      this.parts.order.value = this.order;
      return this.hint(FIRST);
    }
    this.order = value;
    localStorage.setItem("rondo.review.order", value);
    this.queue.restart();
    this.parts.order.value = value;
    return this.paint();
  }

  /** @param {string} id */
  do_round(id) {
    const address = new URL(location.href);
    address.searchParams.set("round", id);
    location.assign(address);
  }

  get canAct() {
    return this.queue.current && this.round.is_open && !this.work;
  }

  /** The sample to edit or repair: the one there is, the best so far, or the column one is in. */
  target() {
    const item = this.queue.current;
    if (!this.canAct || !item.members) return this.canAct ? item : null;
    const focused = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest?.(".column"))
      ?.dataset.sample;
    const id = this.mode.pick?.(item).best || Number(focused);
    const member = item.members.find(({ sample_id }) => sample_id === id);
    if (!member) this.hint("Choose a column first: click into it, or press Tab.");
    return member || null;
  }

  /** The texts of the item that can be compared, those one most likely wants first. */
  texts() {
    const item = this.queue.current;
    if (!item) return [];
    /** @type {(one: Sample, name: string) => [name: string, text: string][]} */
    const of = (one, name) => [
      [name, one.text],
      ...(one.repairs || []).map(
        (repair, n) => /** @type {[string, string]} */ ([`${name}, repair ${n + 1}`, repair.text]),
      ),
      ...(one.edits || []).map(
        (edited, n) => /** @type {[string, string]} */ ([`${name}, your edit ${n + 1}`, edited]),
      ),
    ];
    const some = item.members
      ? item.members.map((member, n) => of(member, `Sample ${this.mode.title?.(n) || ""}`))
      : [of(item, "The sample")];
    const all = some.sort((a, b) => Number(b.length > 1) - Number(a.length > 1)).flat();
    const now = this.work?.text?.();
    if (now) all.splice(1, 0, ["What you write", now]);
    const { members } = item;
    const pick = members && this.mode.pick?.(item);
    const wanted =
      pick && [pick.best, pick.worst].map((id) => id && members.find(({ sample_id }) => sample_id === id)?.text);
    if (wanted && wanted[0] && wanted[1])
      all.sort((a, b) => Number(wanted.includes(b[1])) - Number(wanted.includes(a[1])));
    return all;
  }

  /**
   * Change how things are shown, now and on the account.
   * @param {object} changes
   */
  show(changes) {
    Object.assign(this.shows, changes);
    if (!("guidelines_open" in changes)) this.paint({ keep: true });
    this.rest.patch("/me/review/shows", changes);
  }
}

/** Failures that pass: the same question may be answered a little later. */
const PASSING = new Set(["Busy", "DatabaseLost", "InternalError"]);
const ASK_AGAIN_IN = 2000;

/**
 * Called by the page once the component is there.
 * @param {any} element
 */
export async function start(element) {
  const asked = new URLSearchParams(location.search).get("round") || "";
  // The project stands in the page's address, /p/NAME/review.
  const project = location.pathname.split("/")[2];
  const rest = new Rest();
  // Without the parser texts are shown raw.
  await within(
    ANSWER_IN,
    text.load().catch(() => {}),
  );
  for (;;) {
    const opened = await rest.get(`/projects/named/${project}/review?round=${encodeURIComponent(asked)}`);
    if (opened?.desk) {
      const { me, rounds, desk } = opened;
      const stored = localStorage.getItem("rondo.review.order");
      const order = desk.orders.includes(stored) ? stored : "informativeness";
      element.desk = new Desk(element, { ...desk, me, rounds, order });
      return element.desk.start();
    }
    const mayCome = !opened || PASSING.has(opened.error?.type);
    // Without a desk nobody takes them up.
    if (!mayCome) window.rondoEarlyKeys?.();
    const why = opened?.error ? opened.error.message : opened?.empty || "The server does not answer.";
    const otherRounds = make("div.other-rounds.rondo-problem", { hidden: true, role: "status" });
    element.replaceChildren(
      otherRounds,
      make("div.rondo-empty", {}, make("p", {}, mayCome ? `${why} Trying again.` : why)),
    );
    if (opened?.me) new OtherRounds(otherRounds, { me: opened.me, rounds: opened.rounds, mayDecide: false });
    if (!mayCome) return undefined;
    await new Promise((later) => setTimeout(later, ASK_AGAIN_IN));
  }
}
