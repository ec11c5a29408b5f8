// @ts-check
// What keys, buttons and commands of the desk do, by the names that the server knows them by.

import { gettext } from "../gettext.js";
import { askToClose } from "./closing.js";
import { paletteCommands } from "./commands.js";
import { textsOf } from "./compared.js";
import { keyName } from "./elements.js";

const WHILE_WRITING = ["help", "palette", "diff", "search", "history"];

/**
 * What the actions need. `knows(name)`: whether an action means something in this round.
 * @typedef {{review: import("./review.js").Review, rest: import("./rest.js").Rest, queue: import("./queue.js").Queue,
 *   outbox: import("./outbox.js").Outbox, work: import("./work.js").Work, status: import("./status.js").Status,
 *   bindings: import("./keys.js").Bindings, parts: Parts, mode: Mode,
 *   knows: (name: string) => boolean, screen: import("./screen.js").Screen,
 *   questions: import("./questions.js").Questions, acts: import("./acts.js").Acts,
 *   writing: import("./writing.js").Writing, earlier: import("./earlier.js").EarlierItems,
 *   tools: ReturnType<typeof import("./tools.js").tools>}} ActionNeeds
 */

export class Actions {
  /** @param {ActionNeeds} needs */
  constructor(needs) {
    const { acts, questions, tools, writing } = needs;
    this.review = needs.review;
    this.rest = needs.rest;
    this.queue = needs.queue;
    this.outbox = needs.outbox;
    this.work = needs.work;
    this.status = needs.status;
    this.bindings = needs.bindings;
    this.parts = needs.parts;
    this.mode = needs.mode;
    this.knows = needs.knows;
    this.screen = needs.screen;
    this.earlier = needs.earlier;
    this.help = tools.help;
    /** Those that mean the same in every mode. @type {Record<string, () => unknown>} */
    this.byName = {
      help: () => tools.help.open(),
      palette: () => tools.palette.open(),
      question: () => questions.toggle(),
      search: () => tools.find.open(),
      diff: () => tools.compare.toggle(),
      history: () => tools.history.toggle(),
      skip: () => acts.decide("skip"),
      submit: () => this.submit(),
      next: () => this.next(),
      previous: () => this.previous(),
      more: () => this.more(),
      raw: () => this.show({ text: this.screen.isRaw ? "rendered" : "raw" }),
      edit: () => writing.edit(),
      repair: () => writing.repair(),
      note: () => writing.note(),
      tag: () => writing.tag(),
      flag: () => acts.flag(),
      undo: () => acts.undo(),
    };
  }

  /**
   * @param {string} name
   * @param {string} key that was pressed for it
   * @returns {unknown}
   */
  run(name, key = "") {
    if (this.work.isBegun && !WHILE_WRITING.includes(name)) return this.sayFirst();
    if (!this.knows(name)) return this.missed(key);
    if (this.review.isOpen && this.mode.run(name)) return undefined;
    return this.byName[name]?.();
  }

  sayFirst() {
    this.status.hint(gettext("Save or leave the text you are writing first."));
  }

  /**
   * A key that nothing is bound to in this mode.
   * @param {string} key
   */
  missed(key) {
    if (this.work.isBegun || !this.review.isOpen) return;
    const help = keyName(this.bindings.first("help"));
    this.status.hint(
      help
        ? gettext("{key} means nothing here; {help} shows the keys.", { key, help })
        : gettext("{key} means nothing here; Commands shows what there is.", { key }),
    );
  }

  /** Escape: out of what was begun on the item and not submitted. */
  leave() {
    const item = this.queue.current;
    if (item && this.review.isOpen && !this.work.isBegun) this.mode.leave?.(item);
  }

  /**
   * Everything the palette offers.
   * @returns {import("./palette.js").Command[]}
   */
  commands() {
    const { bindings, mode, parts, review } = this;
    const mayClose = review.round.can_close && review.isOpen;
    return paletteCommands({
      actions: bindings.actions.filter(({ name }) => this.knows(name) && name !== "palette"),
      orders: parts.order,
      rounds: parts.round,
      run: (name) => this.run(name),
      changeKeys: () => this.help.change(),
      switchGrey: mode.names ? () => this.show({ grey_common: !review.shows.grey_common }) : null,
      close: mayClose ? () => this.askToClose() : null,
      setOrder: (order) => this.setOrder(order),
      goToRound: (id) => this.goToRound(id),
    });
  }

  askToClose() {
    const { review, rest, status, outbox, parts, screen } = this;
    const closed = () => screen.paint();
    return askToClose({ review, rest, status, dialog: parts.closing, unsent: () => outbox.size, closed });
  }

  submit() {
    if (this.mode.submit()) return;
    const passed = this.queue.current;
    this.next();
    if (passed && !passed.mine) this.status.hint(gettext("Nothing was decided, gone on."));
  }

  next() {
    this.queue.next();
    this.screen.paint();
  }

  previous() {
    if (!this.queue.at) return this.earlier.goBack();
    this.queue.previous();
    return this.screen.paint();
  }

  /** Long texts whole, or folded again. */
  more() {
    this.screen.isWhole = !this.screen.isWhole;
    this.screen.paint({ keep: true });
  }

  unfold() {
    if (!this.work.isBegun && this.parts.desk.querySelector(".middle .more")) this.more();
  }

  /** @param {string} value */
  setOrder(value) {
    const { order } = this.parts;
    order.blur();
    if (this.work.isBegun) {
      order.value = this.review.order;
      return this.sayFirst();
    }
    this.review.order = value;
    localStorage.setItem("rondo.review.order", value);
    this.queue.restart();
    order.value = value;
    return this.screen.paint();
  }

  /** @param {string} id */
  goToRound(id) {
    const address = new URL(location.href);
    address.searchParams.set("round", id);
    location.assign(address);
  }

  /**
   * The texts of the item that can be compared.
   * @returns {[name: string, text: string][]}
   */
  texts() {
    const item = this.queue.current;
    if (!item) return [];
    const { mode, work } = this;
    const pick = item.members ? mode.pick?.(item) : undefined;
    return textsOf(item, { title: (n) => mode.title?.(n) || "", written: work.text, pick });
  }

  /**
   * Change how things are shown, now and on the account.
   * @param {object} changes
   */
  show(changes) {
    Object.assign(this.review.shows, changes);
    if (!("guidelines_open" in changes)) this.screen.paint({ keep: true });
    this.rest.patch("/me/review/shows", changes);
  }
}
