// What a person does to items, how it shows at once, and what the server answers later.

import { edit } from "./editor.js";
import { make } from "./elements.js";
import { clearCommon } from "./diff.js";
import { newId } from "./outbox.js";
import * as screen from "./screen.js";
import { prepare } from "./text.js";

const READY = 3;

export class Acts {
  /** Note the decision, send it behind, paint the next item now. */
  decide(kind, more = {}) {
    const item = this.line.current;
    if (!item || !this.round.is_open) return;
    const act = this.act(kind, item, more);
    this.done.push({ item, client_id: act.client_id, before: item.mine || null });
    item.mine = { kind, score: more.score ?? null, value: more.value || null, client_id: act.client_id, saved: false };
    this.last = item;
    this.work = null;
    this.outbox.push(act);
    this.line.next();
    this.paint();
  }

  act(kind, item, more) {
    const isSeen = (item.members || [item]).some(({ judge }) => judge);
    const seconds = Math.round(performance.now() - this.started) / 1000;
    return { client_id: newId(), kind, sample_id: item.sample_id, mode: this.opened.mode, is_blind: !isSeen, seconds, ...more };
  }

  /** An edit decides a single sample; in a group it adds a text, and the group is still to be decided. */
  edited(target, text, value) {
    const item = this.line.current;
    const more = { text, ...(value ? { value } : {}) };
    target.edits = [...(target.edits || []), text];
    if (target === item) return this.decide("edit", more);
    const act = { ...this.act("edit", item, more), sample_id: target.sample_id };
    this.done.push({ item, client_id: act.client_id, before: item.mine || null });
    this.outbox.push(act);
    this.endWork();
    return this.hint("Your text is kept beside the original. The group is still to be decided.");
  }

  editFrom(target, start, value) {
    this.work = null;
    edit(this, target, { start, value });
  }

  noted(item, note) {
    this.outbox.push({ client_id: newId(), kind: "note", sample_id: item.sample_id, note });
    this.hint("Noted.");
  }

  do_flag() {
    const item = this.line.current;
    if (!item || !this.round.is_open) return;
    const client_id = newId();
    this.outbox.push(
      item.flag ? { client_id, kind: "retract", sample_id: 0, retracts: item.flag } : { client_id, kind: "flag", sample_id: item.sample_id },
    );
    item.flag = item.flag ? null : client_id;
    this.paint({ keep: true });
  }

  /** Take back the last decision of this page; before the first one here, the last one on the server. */
  do_undo() {
    if (!this.round.is_open) return;
    const last = this.done.pop();
    this.outbox.push({ client_id: newId(), kind: "retract", sample_id: 0, retracts: last ? last.client_id : null });
    if (!last) return;
    last.item.mine = last.before;
    this.last = null;
    this.line.goTo(last.item);
    this.paint();
  }

  /** Something is being written: keys are letters now. `inPlace`: it stands where the text stood. */
  beginWork(nodes, { inPlace = false, text = null } = {}) {
    const { answer, work } = this.parts;
    const place = inPlace && !this.line.current.members ? answer : work;
    this.work = { text };
    work.hidden = place !== work;
    place.replaceChildren(...nodes);
  }

  endWork() {
    this.work = null;
    this.parts.work.hidden = true;
    this.parts.work.replaceChildren();
    this.paint({ keep: true });
    this.parts.answer.focus({ preventScroll: true });
  }

  sent(act, result, tally) {
    this.tally = tally;
    if (result.late_because) this.say(`Your decision on sample ${result.sample_id} came late. ${result.late_because}`);
    if (result.meanwhile) this.say(`Sample ${result.sample_id}: ${result.meanwhile}`);
    if (act.kind === "retract") return this.retracted(act, result);
    const item = this.line.find(act.sample_id);
    if (!item) return undefined;
    this.judged(item, result);
    if (item.mine && item.mine.client_id === act.client_id) {
      Object.assign(item.mine, { saved: true, is_override: result.is_override, late: Boolean(result.late_because) });
    }
    if (item === this.last) screen.paintReveal(this);
    if (item === this.shown && item.mine && !this.work) screen.paintMine(this);
    if (item === this.shown || act.kind === "note") this.history.show(this.shown);
    return undefined;
  }

  /** The judge's view, which comes once the person has committed. */
  judged(item, { judge, judges, reason }) {
    if (judge && !item.members) Object.assign(item, { judge, reason: item.reason || reason });
    for (const member of item.members || []) {
      if (judges && judges[member.sample_id]) member.judge = judges[member.sample_id];
    }
  }

  /** After a reload there is nothing here to go back to: fetch what was taken back and show it. */
  async retracted(act, result) {
    if (act.retracts) return;
    const answer = await this.ask("review_more", { order: this.order, include: [result.sample_id], limit: 1, held: [], peek: true });
    if (answer && !answer.error && answer.items.length) {
      this.line.insert(answer.items[0]);
      this.paint();
    }
  }

  refused(act, error) {
    this.takeBack(act);
    if (error.type === "Conflict" && error.frozen) this.round.is_open = false;
    this.say(act.sample_id ? `Your decision on sample ${act.sample_id} was not saved. ${error.message}` : error.message);
    this.paint({ keep: Boolean(this.work) });
  }

  takeBack(act) {
    const entry = this.done.find((one) => one.client_id === act.client_id);
    if (!entry) return;
    this.done = this.done.filter((one) => one !== entry);
    if (entry.item.mine && entry.item.mine.client_id === act.client_id) entry.item.mine = entry.before;
  }

  /** The server would not take it, and may later: the role or the round is gone. It stays in this browser. */
  held(act, error) {
    const count = this.outbox.held.length;
    const buttons = [
      make("button.rondo-quiet", { type: "button", onclick: () => { this.parts.message.hidden = true; this.outbox.release(); } }, "Try again"),
      make("button.rondo-quiet", { type: "button", onclick: () => { this.parts.message.hidden = true; this.outbox.giveUp(); } }, count > 1 ? "Give them up" : "Give it up"),
    ];
    const what = count > 1 ? `${count} decisions of yours were not saved; they are` : "A decision of yours was not saved; it is";
    this.say(`${what} kept in this browser. ${error.message}`, { buttons });
    this.paintBar();
  }

  say(text, { good = false, link = null, buttons = null } = {}) {
    const { message } = this.parts;
    const ok = make("button.rondo-quiet", { type: "button", onclick: () => (message.hidden = true) }, "OK");
    message.replaceChildren(make("span", {}, text, link), make("span.rondo-toolbar", {}, ...(buttons || [ok])));
    message.className = `message ${good ? "good" : "rondo-problem"}`;
    message.hidden = false;
  }

  /** A word that goes by itself. */
  hint(text) {
    this.parts.mine.textContent = text;
  }

  tellChoice() {
    screen.paintMine(this);
  }

  paint({ keep = false } = {}) {
    if (this.work) return this.paintBar();
    const item = this.line.current;
    if (!keep) {
      this.started = performance.now();
      this.whole = false;
    }
    clearCommon();
    this.shown = item;
    this.parts.desk.classList.toggle("is-empty", !item);
    this.parts.actions.hidden = !this.round.is_open;
    this.parts.work.hidden = true;
    if (this.compare.isOpen && !keep) this.compare.close();
    if (item) screen.paintItem(this, item);
    else screen.paintEmpty(this);
    screen.paintReveal(this);
    this.paintBar();
    if (!keep) this.after(item);
    return undefined;
  }

  /** What the item on screen brings with it, and getting the next ones ready. */
  after(item) {
    if (item) this.parts.answer.scrollTop = 0;
    if (!this.parts.find.hidden) this.find.look();
    this.history.show(item);
    this.team.paintLease();
    const texts = this.line.coming(READY).flatMap((one) => [...one.messages.map(({ content }) => content), ...(one.members || [one]).map(({ text }) => text)]);
    prepare(texts, this.shows.text === "raw");
  }

  paintBar() {
    screen.paintBar(this);
  }
}
