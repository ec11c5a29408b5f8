// The review desk: paints the next sample at once, sends decisions behind, shows the judge's view when it arrives.

import { make, number, plural, written } from "./elements.js";
import { judgeView, reveal, said } from "./judge.js";
import { listen } from "./keys.js";
import { closeDialog, layout } from "./layout.js";
import { Line } from "./line.js";
import { Outbox, newId } from "./outbox.js";

export class Desk {
  constructor(element, server, opened, order) {
    Object.assign(this, { element, server, order });
    this.round = opened.round;
    this.scores = opened.scores;
    this.tally = opened.tally;
    this.progress = opened.progress;
    this.done = [];
    this.parts = layout(element, { ...opened, order }, (command, value) => this.run(command, value));
    this.outbox = new Outbox(`rondo.review.${opened.me}.${this.round.id}`, (acts) => this.ask("review_send", { acts }), {
      sent: (act, result, tally) => this.sent(act, result, tally),
      refused: (act, error) => this.refused(act, error),
      change: () => this.paintBar(),
    });
    this.line = new Line((wanted) => this.ask("review_more", { order: this.order, ...wanted }), () => this.onItems());
    this.started = performance.now();
    listen((command, key) => this.run(command, key));
    window.addEventListener("beforeunload", (event) => {
      if (this.outbox.size || this.editor) event.preventDefault();
    });
    this.clock = setInterval(() => this.outbox.retryAt && this.paintBar(), 1000);
  }

  async start() {
    await this.outbox.flush();
    this.onItems();
    if (this.round.is_open) await this.line.fill();
    this.paint();
  }

  ask(name, data) {
    return this.server[name]({ round: this.round.id, ...data });
  }

  onItems() {
    if (!this.shown || this.shown !== this.line.current) this.paint();
    else this.paintBar();
  }

  run(command, value) {
    if (command.startsWith("score ")) [command, value] = ["score", command.slice(6)];
    const act = this[`do_${command}`];
    if (this.editor && !["round", "help"].includes(command)) return;
    if (act) act.call(this, value);
  }

  do_accept() { this.decide("accept"); }
  do_reject() { this.decide("reject"); }
  do_skip() { this.decide("skip"); }

  do_score(key) {
    if (this.scores.includes(Number(key))) this.decide("score", { score: Number(key) });
  }

  do_next() { this.line.next(); this.paint(); }
  do_previous() { this.line.previous(); this.paint(); }
  do_more() { this.whole = true; this.paint({ keep: true }); }

  do_help() { this.parts.help.showModal(); }

  do_order(value) {
    this.order = value;
    localStorage.setItem("rondo.review.order", value);
    this.line.restart();
    this.parts.order.blur();
    this.paint();
  }

  do_round(id) {
    const address = new URL(location.href);
    address.searchParams.set("round", id);
    location.assign(address);
  }

  /** Note the decision, send it behind, paint the next sample now. */
  decide(kind, more = {}) {
    const item = this.line.current;
    if (!item || !this.round.is_open) return;
    const act = {
      client_id: newId(), kind, sample_id: item.sample_id, is_blind: !item.judge,
      seconds: Math.round(performance.now() - this.started) / 1000, ...more,
    };
    this.done.push({ item, client_id: act.client_id, before: item.mine || null });
    item.mine = { kind, score: more.score ?? null, client_id: act.client_id, saved: false };
    this.last = item;
    this.outbox.push(act);
    this.line.next();
    this.paint();
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

  do_edit() {
    const item = this.line.current;
    if (!item || !this.round.is_open) return;
    const box = make("textarea", { value: item.text, dir: "auto", "aria-label": "Edited text", rows: 12 });
    const leave = () => { this.editor = null; this.paint({ keep: true }); };
    const save = () => {
      if (!box.value.trim() || box.value === item.text) return leave();
      this.editor = null;
      this.decide("edit", { text: box.value });
    };
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leave();
      else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    });
    const buttons = make(
      "p.rondo-toolbar", {},
      make("button.rondo-primary", { type: "button", onclick: save }, "Save the edit"),
      make("button.rondo-quiet", { type: "button", onclick: leave }, "Leave as it was"),
      make("span.rondo-muted", {}, "The original stays; your text counts as accepted."),
    );
    this.editor = box;
    this.parts.answer.replaceChildren(box, buttons);
    box.focus();
  }

  async do_closing() {
    const answer = await this.ask("review_closing", {});
    const dialog = this.parts.closing;
    if (!answer || answer.error) return this.say(answer ? answer.error.message : "The server does not answer. Try again.");
    const close = make("button.rondo-primary", { type: "button", onclick: () => this.close() }, "Close the review");
    close.disabled = this.outbox.size > 0;
    const lines = answer.lines.map((line) => make("li", {}, line));
    dialog.replaceChildren(make("h2", {}, `Close the review of round ${this.round.number}?`), make("ul", {}, ...lines), close, closeDialog());
    if (this.outbox.size) close.before(make("p.rondo-problem", {}, `${plural(this.outbox.size, "decision")} of yours not saved yet. Wait a moment.`));
    dialog.showModal();
  }

  async close() {
    const answer = await this.ask("review_close", {});
    this.parts.closing.close();
    if (!answer || answer.error) return this.say(answer ? answer.error.message : "The server does not answer. Try again.");
    this.round.is_open = false;
    this.say("The review is closed. Selection and training go on in the background: see Jobs.", { good: true });
    this.paint();
  }

  sent(act, result, tally) {
    this.tally = tally;
    if (act.kind === "retract") return this.retracted(act, result);
    const item = this.line.find(result.sample_id);
    if (!item) return;
    if (result.judge) Object.assign(item, { judge: result.judge });
    if (item.mine && item.mine.client_id === act.client_id) Object.assign(item.mine, { saved: true, is_override: result.is_override });
    if (item === this.last) this.paintReveal();
    if (item === this.shown && item.mine) this.paintMine();
  }

  /** After a reload there is nothing here to go back to: fetch what was taken back and show it. */
  async retracted(act, result) {
    if (act.retracts) return;
    const answer = await this.ask("review_more", { order: this.order, include: [result.sample_id], limit: 1, held: [] });
    if (answer && !answer.error && answer.items.length) {
      this.line.insert(answer.items[0]);
      this.paint();
    }
  }

  refused(act, error) {
    const entry = this.done.find((one) => one.client_id === act.client_id);
    if (entry) {
      this.done = this.done.filter((one) => one !== entry);
      if (entry.item.mine && entry.item.mine.client_id === act.client_id) entry.item.mine = entry.before;
    }
    if (error.type === "Conflict" && error.frozen) this.round.is_open = false;
    this.say(act.sample_id ? `Your decision on sample ${act.sample_id} was not saved. ${error.message}` : error.message);
    this.paint({ keep: Boolean(this.editor) });
  }

  say(text, { good = false } = {}) {
    this.parts.message.replaceChildren(make("span", {}, text), make("button.rondo-quiet", { type: "button", onclick: () => (this.parts.message.hidden = true) }, "OK"));
    this.parts.message.className = `message ${good ? "good" : "rondo-problem"}`;
    this.parts.message.hidden = false;
  }

  paint({ keep = false } = {}) {
    if (this.editor) return this.paintBar();
    const item = this.line.current;
    if (!keep) {
      this.started = performance.now();
      this.whole = false;
    }
    this.shown = item;
    this.parts.desk.classList.toggle("is-empty", !item);
    this.parts.actions.hidden = !this.round.is_open;
    if (item) this.paintItem(item);
    else this.paintEmpty();
    this.paintReveal();
    this.paintBar();
    if (!keep && item) this.parts.answer.scrollTop = 0;
  }

  paintItem(item) {
    const { prompt, answer, facts, assist } = this.parts;
    prompt.replaceChildren(...item.messages.map((message) => make("div.message-of", {}, make("span.role", {}, message.role), ...written(message.content, { whole: this.whole, onMore: () => this.do_more() }))));
    answer.replaceChildren(...written(item.text, { whole: this.whole, onMore: () => this.do_more() }));
    const cut = item.finish_reason === "length" ? ", cut off at the length limit" : "";
    const note = item.score_like ? " Contains something like a score." : "";
    facts.textContent = `Sample ${item.sample_id}, ${plural(item.num_tokens, "token")}${cut}.${note}${item.reason ? ` ${item.reason}` : ""}`;
    if (item.flag) facts.append(" ", make("span.rondo-badge.warn", {}, "flagged"));
    assist.replaceChildren(...(item.judge ? [judgeView(item.judge)] : []));
    this.paintMine();
  }

  paintMine() {
    const { mine } = this.line.current || {};
    this.parts.mine.textContent = mine ? `${said(mine)}${mine.saved ? "" : " (not saved yet)"}. Another key changes it.` : "";
    if (this.shown && this.shown.judge) this.parts.assist.replaceChildren(judgeView(this.shown.judge));
  }

  paintEmpty() {
    const { prompt, answer, facts, mine, assist } = this.parts;
    for (const part of [prompt, facts, mine, assist]) part.replaceChildren();
    const what = !this.round.is_open
      ? ["This round is not in review.", "Its labels are frozen. Choose a round that is in review, or launch one with review on."]
      : this.line.isLost
        ? ["The server does not answer.", "Trying again. What you decided is kept in this browser."]
        : this.line.isDry
          ? ["Nothing is left to decide in this order.", this.round.can_close ? "Choose another order, or close the review." : "Choose another order, or ask a curator to close the review."]
          : ["Fetching samples…", ""];
    answer.replaceChildren(make("div.rondo-empty", {}, make("p", {}, make("b", {}, what[0])), make("p", {}, what[1])));
  }

  paintReveal() {
    const item = this.last;
    const state = item && item.mine ? `${item.mine.client_id} ${item.mine.saved} ${Boolean(item.judge)}` : "";
    if (state === this.revealed) return;
    this.revealed = state;
    this.parts.revealed.replaceChildren(...(state ? [reveal(item)] : []));
  }

  paintBar() {
    const { outbox, parts } = this;
    const seconds = outbox.retryAt ? Math.max(0, Math.ceil((outbox.retryAt - Date.now()) / 1000)) : 0;
    const trouble = outbox.retryAt ? ` – the server does not answer, trying again in ${seconds} s` : "";
    parts.unsaved.textContent = outbox.size ? `${outbox.size} unsaved${trouble}` : "All saved";
    parts.unsaved.classList.toggle("is-waiting", outbox.size > 0);
    const { decided, overridden } = this.tally;
    parts.tally.textContent = decided ? `You overrode ${number(overridden)} of ${number(decided)}` : "";
    parts.progress.textContent = `${this.progress.decided.toLocaleString()} of ${plural(this.progress.samples, "sample")} decided by people when opened`;
  }
}

/** Called by the page once the component is there. */
export async function start(element, server) {
  const asked = new URLSearchParams(location.search).get("round");
  const stored = localStorage.getItem("rondo.review.order");
  for (;;) {
    const opened = await server.review_open({ round: asked ? Number(asked) : null });
    if (opened && !opened.error && opened.round) {
      const desk = new Desk(element, server, opened, stored || (opened.round.is_blind ? "sequential" : "worth"));
      element.desk = desk;
      return desk.start();
    }
    const why = opened ? (opened.error ? opened.error.message : opened.empty) : "The server does not answer. Trying again.";
    element.replaceChildren(make("div.rondo-empty", {}, make("p", {}, why)));
    if (opened) return undefined;
    await new Promise((later) => setTimeout(later, 2000));
  }
}
