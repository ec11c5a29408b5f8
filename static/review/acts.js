// @ts-check
// What a person does to items, and how it shows at once.

import { Answers } from "./answers.js";
import { edit } from "./editor.js";
import { make } from "./elements.js";
import { clearCommon } from "./diff.js";
import { writeNote } from "./notes.js";
import { newId } from "./outbox.js";
import * as screen from "./screen.js";
import { prepare } from "./text.js";

const READY = 3;
/** Seconds sent with one decision: who leaves the desk for lunch did not think that long. */
const LONGEST = 300;
/** @type {Record<string, string>} */
const UNDONE = {
  note: "Your note is taken back.",
  flag: "Your flag is taken back.",
  answer: "Your last answer is taken back.",
};

export class Acts extends Answers {
  /**
   * Note the decision, send it behind, paint the next item now.
   * @param {string} kind
   * @param {{score?: number, value?: any}} more
   * @param {Item | undefined} item
   */
  decide(kind, more = {}, item = this.queue.current) {
    if (!item || !this.round.is_open || this.questions.stops(kind, item, more.value)) return;
    const act = this.act(kind, item, more);
    this.remember(act, item);
    item.mine = { kind, score: more.score ?? null, value: more.value || null, client_id: act.client_id, saved: false };
    this.last = item;
    this.work = null;
    this.mode.forget?.(item);
    if (item === this.queue.current) this.queue.next();
    this.paint();
  }

  /**
   * Send an act; `u` takes it back.
   * @param {Act} act
   * @param {Item} item
   * @param {Sample} target
   */
  remember(act, item, target = item) {
    this.known.add(act.client_id);
    this.done.push({
      kind: act.kind,
      text: act.text,
      client_id: act.client_id,
      item,
      target,
      before: item.mine || null,
    });
    this.outbox.push(act);
  }

  /**
   * @param {string} kind
   * @param {Item} item
   * @param {object} more
   * @returns {Act}
   */
  act(kind, item, more) {
    const isSeen = (item.members || [item]).some(({ judge }) => judge);
    const seconds = Math.min(LONGEST, Math.round(performance.now() - this.started) / 1000);
    return {
      client_id: newId(),
      kind,
      sample_id: item.sample_id,
      mode: this.opened.mode,
      is_blind: !isSeen,
      seconds,
      ...more,
    };
  }

  /**
   * An edit decides a single sample; in a group it adds a text, and the group is still to be decided. False: not taken.
   * @param {Sample} target
   * @param {string} text
   * @param {object | null} value
   */
  edited(target, text, value) {
    const item = this.work?.item;
    if (!item) return false;
    if (!this.round.is_open) {
      this.say("The review was closed meanwhile. What you write is kept in this browser.");
      return false;
    }
    if (target === item && this.questions.stops("edit", item)) return false;
    const more = { text, ...(value ? { value } : {}) };
    target.edits = [...(target.edits || []), text];
    if (target === item) {
      this.decide("edit", more, item);
      return true;
    }
    this.remember({ ...this.act("edit", item, more), sample_id: target.sample_id }, item, target);
    // The time the text took was sent with it.
    this.started = performance.now();
    this.endWork();
    this.hint("Your text is kept beside the original. The group is still to be decided.");
    return true;
  }

  /**
   * @param {Sample} target
   * @param {string} start
   * @param {object} value
   */
  editFrom(target, start, value) {
    edit(this, target, { start, value });
  }

  /**
   * Go on with a text that was refused, where its item is still here.
   * @param {{sample_id: number, text?: string, value?: any}} act
   */
  reopen({ sample_id, text, value }) {
    const item = this.queue.items.find((one) =>
      (one.members || [one]).some((member) => member.sample_id === sample_id),
    );
    if (!item || this.work || !this.round.is_open)
      return this.hint(`This sample cannot be edited now. Copy the ${text ? "text" : "note"} from the message.`);
    this.queue.goTo(item);
    this.paint();
    if (!text) return writeNote(this, item);
    return edit(this, item.members?.find((member) => member.sample_id === sample_id) || item, {
      start: text,
      value: value || null,
    });
  }

  /**
   * @param {Item} item
   * @param {string} note
   */
  noted(item, note) {
    const act = { client_id: newId(), kind: "note", sample_id: item.sample_id, note };
    if (!this.round.is_open) {
      this.say("The review was closed meanwhile. Your note is kept in this browser.");
      return this.keepText(act);
    }
    this.remember(act, item);
    return this.hint("Noted.");
  }

  do_flag() {
    const item = this.queue.current;
    if (!item || !this.round.is_open) return;
    const client_id = newId();
    if (item.flag)
      this.retract(
        this.done.find((one) => one.client_id === item.flag) || {
          kind: "flag",
          client_id: item.flag,
          item,
          target: item,
          before: null,
        },
      );
    else {
      this.remember({ client_id, kind: "flag", sample_id: item.sample_id }, item);
      item.flag = client_id;
    }
    this.paint({ keep: true });
  }

  /** Take back what was done last: on this page; before the first act here, on the server. */
  do_undo() {
    if (!this.round.is_open) return;
    const last = this.done.at(-1);
    if (!last) return this.outbox.push({ client_id: newId(), kind: "retract", sample_id: 0, retracts: null });
    if (last.question) this.questions.undo(last);
    else {
      this.retract(last);
      this.last = undefined;
    }
    this.queue.insert(last.item);
    this.paint();
    if (UNDONE[last.kind]) this.hint(UNDONE[last.kind]);
  }

  /**
   * Show an item as it was before an act, and send that the act is taken back.
   * @param {Done} entry
   */
  retract(entry) {
    const { item, client_id: retracts } = entry;
    entry.after = item.mine || null;
    this.revert(entry);
    if (this.outbox.withdraw(retracts)) return this.sayHeld();
    const client_id = newId();
    this.undone.set(client_id, entry);
    return this.outbox.push({ client_id, kind: "retract", sample_id: 0, retracts });
  }

  /**
   * Something is being written: keys are letters now. `inPlace`: it stands where the text stood.
   * @param {Node[]} nodes
   * @param {{inPlace?: boolean, text?: (() => string) | null}} how
   */
  beginWork(nodes, { inPlace = false, text = null } = {}) {
    const { answer, work } = this.parts;
    const place = inPlace && !this.queue.current?.members ? answer : work;
    this.work = { item: this.work?.item || this.queue.current, text };
    work.hidden = place !== work;
    answer.classList.toggle("is-edited", place === answer);
    place.replaceChildren(...nodes);
  }

  endWork() {
    this.work = null;
    this.parts.work.hidden = true;
    this.parts.work.replaceChildren();
    this.paint({ keep: true });
    this.parts.answer.focus({ preventScroll: true });
  }

  /**
   * @param {string} text
   * @param {{good?: boolean, link?: Node | null, buttons?: Node[] | null}} how
   */
  say(text, { good = false, link = null, buttons = null } = {}) {
    const { message } = this.parts;
    const ok = make("button.rondo-quiet", { type: "button", onclick: () => (message.hidden = true) }, "OK");
    message.replaceChildren(make("span", {}, text, link), make("span.rondo-toolbar", {}, ...(buttons || [ok])));
    message.className = `message ${good ? "good" : "rondo-problem"}`;
    message.hidden = false;
  }

  /**
   * A word that goes by itself.
   * @param {string} text
   */
  hint(text) {
    this.parts.mine.textContent = text;
  }

  /**
   * For who cannot see the screen.
   * @param {string} text
   */
  announce(text) {
    if (this.parts.spoken.textContent !== text) this.parts.spoken.textContent = text;
  }

  tellChoice() {
    screen.paintMine(this);
  }

  /** @param {{keep?: boolean}} how */
  paint({ keep = false } = {}) {
    if (this.work) return this.paintBar();
    // A round that is closed has nothing to decide: no item stays on screen as if it had.
    const item = this.round.is_open ? this.queue.current : undefined;
    if (item !== this.shown) keep = false;
    if (!keep) {
      this.started = performance.now();
      this.whole = false;
    }
    clearCommon();
    this.shown = item;
    this.parts.desk.classList.toggle("is-empty", !item);
    this.parts.actions.hidden = !this.round.is_open;
    if (this.parts.close) this.parts.close.hidden = !this.round.is_open;
    this.parts.work.hidden = true;
    this.parts.answer.classList.remove("is-edited");
    if (this.compare.isOpen && !keep) this.compare.close();
    if (item) screen.paintItem(this, item);
    else screen.paintEmpty(this);
    screen.paintReveal(this);
    this.paintBar();
    if (!keep) this.after(item);
    return undefined;
  }

  /**
   * What the item on screen brings with it, and getting the next ones ready.
   * @param {Item | undefined} item
   */
  after(item) {
    if (item) this.parts.answer.scrollTop = 0;
    if (!this.parts.find.hidden) this.find.look();
    this.questions.show(item);
    this.history.show(item);
    this.comments.show(item);
    this.chain.show(item);
    this.announce([screen.spoken(this), this.questions.spoken].filter(Boolean).join(". "));
    this.team.paintLease();
    const texts = this.queue
      .coming(READY)
      .flatMap((one) => [
        ...one.messages.map(({ content }) => content),
        ...(one.members || [one]).map(({ text }) => text),
      ]);
    prepare(texts, this.shows.text === "raw");
  }

  paintBar() {
    screen.paintBar(this);
  }
}
