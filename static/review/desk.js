// @ts-check
// The review desk: paints the next item at once, sends decisions behind, shows the judge's view when it arrives.

import { gettext } from "../gettext.js";
import { Actions } from "./actions.js";
import { Acts } from "./acts.js";
import { Answers } from "./answers.js";
import { Bar } from "./bar.js";
import { EarlierItems, EarlyKeys } from "./earlier.js";
import { Held } from "./held.js";
import { forgetOld } from "./kept.js";
import { Bindings, listen } from "./keys.js";
import { layout, toolbar } from "./layout.js";
import { Ledger } from "./ledger.js";
import { PairMode } from "./mode_columns.js";
import { GroupMode } from "./mode_group.js";
import { JudgmentMode } from "./mode_judgment.js";
import { SampleMode } from "./mode_sample.js";
import { keepWords } from "./notes.js";
import { openDesk } from "./opening.js";
import { OtherRounds } from "./other_rounds.js";
import { Outbox } from "./outbox.js";
import { Questions } from "./questions.js";
import { Queue } from "./queue.js";
import { kept, Rest } from "./rest.js";
import { Review } from "./review.js";
import { Screen } from "./screen.js";
import { Status } from "./status.js";
import { Stopwatch } from "./stopwatch.js";
import { Team } from "./team.js";
import { tools } from "./tools.js";
import { written } from "./text.js";
import { Work } from "./work.js";
import { Writing } from "./writing.js";

/** @type {Record<Opened["mode"], new (needs: ModeNeeds) => Mode>} */
const MODES = { sample: SampleMode, group: GroupMode, pair: PairMode, judgment: JudgmentMode };

export class Desk {
  /**
   * `opened`: what the server said of the desk's round, of the person (`me`), and of the rounds one may go to.
   * @param {HTMLElement} element
   * @param {Opened} opened
   */
  constructor(element, opened) {
    const review = (this.review = new Review(opened));
    const rest = (this.rest = new Rest(review.me));
    const bindings = (this.bindings = new Bindings(opened.actions, opened.mode));
    const ledger = new Ledger();
    const stopwatch = (this.stopwatch = new Stopwatch());
    const paint = (/** @type {{keep?: boolean}} */ how = {}) => this.screen.paint(how);
    /** @type {Parts} */
    const parts = (this.parts = layout(element, opened, {
      run: (name) => this.actions.run(name),
      goToRound: (id) => this.actions.goToRound(id),
      setOrder: (order) => this.actions.setOrder(order),
      close: () => this.actions.askToClose(),
      show: (changes) => this.actions.show(changes),
      text: (value) => written(value, { isRaw: review.shows.text === "raw", onMore: () => this.actions.more() }),
    }));
    const status = (this.status = new Status(parts));
    const queue = (this.queue = new Queue((wanted) => this.claim(wanted), {
      onChange: () => this.onItems(),
      onDrop: (ids) => this.team.giveBack(ids),
      most: opened.ahead,
    }));
    const outbox = (this.outbox = new Outbox(
      `rondo.review.${review.me}.${review.round.id}`,
      (acts) => rest.sendActs(review.address, acts),
      {
        sent: (act, result) => this.answers.sent(act, result),
        refused: (act, error) => this.answers.refused(act, error),
        held: (error) => {
          this.held.hold(error);
          this.bar.paint();
        },
        withdrawn: (act) => this.answers.withdrawn(act),
        change: () => this.changed(),
      },
    ));
    const work = (this.work = new Work(parts, { item: () => queue.current, ended: () => paint({ keep: true }) }));
    /** @type {Mode} */
    const mode = (this.mode = new MODES[opened.mode]({
      review,
      queue,
      status,
      work,
      bindings,
      paint,
      answer: parts.answer,
      assist: parts.assist,
      text: (value) => this.screen.text(value),
      isShown: (item) => item === this.screen.shown,
      paintMine: () => this.screen.paintMine(),
      decide: (kind, more, item) => this.acts.decide(kind, more, item),
      asks: {
        turn: (sample) => this.questions.turn(sample),
        afterChoice: (item, value) => this.questions.afterChoice(item, value),
      },
    }));
    const shared = { review, rest, queue, outbox, ledger, work, status, bindings, stopwatch, parts, mode, paint };
    const title = (/** @type {number} */ n) => mode.title?.(n) || "";
    const knows = (this.knows = (/** @type {string} */ name) =>
      mode.knows(name) && (name !== "question" || opened.questions.length > 0));
    const pick = (/** @type {Item} */ item) => (item.members ? mode.pick?.(item) : undefined);
    this.held = new Held(outbox, status, {
      givenUp: (act) => this.answers.givenUp(act),
      changed: () => paint({ keep: true }),
    });
    const sayHeld = () => this.held.say();
    const questions = (this.questions = new Questions({
      ...shared,
      title,
      questions: opened.questions,
      items: () => queue.items,
      given: (item) => {
        sayHeld();
        if (item?.members) this.screen.paintMine();
      },
      typed: () => this.bar.paint(),
    }));
    const { compare, find, history, comments, chain, outcomes } = (this.tools = tools({
      ...shared,
      title,
      knows,
      texts: () => this.actions.texts(),
      unfold: () => this.actions.unfold(),
      commands: () => this.actions.commands(),
      rebound: () => {
        this.drawToolbar();
        paint({ keep: true });
      },
      reopen: (act) => this.writing.reopen(act),
      mayEdit: () => review.isOpen,
    }));
    this.bar = new Bar({ ...shared, isGroups: Boolean(mode.names), unwritten: () => questions.texts.count });
    /** @type {Screen} */
    this.screen = new Screen({
      ...shared,
      compare,
      bar: this.bar,
      follow: (item) => this.follow(item),
      more: () => this.actions.more(),
    });
    const keepText = (/** @type {{sample_id: number, text?: string, note?: string}} */ act) => {
      if (!act.text && !act.note) return;
      // What was written and not saved is found by the key that wrote it, and can be read at once.
      keepWords(review, act);
      outcomes.keepText(act);
    };
    /** @type {(kind: string, item: Sample, value?: any) => boolean} */
    const stops = (kind, item, value) => questions.stops(kind, item, value);
    this.acts = new Acts({
      ...shared,
      stops,
      sayHeld,
      keepText,
      forget: (item) => mode.forget?.(item),
      undoAnswer: (entry) => questions.undo(entry),
    });
    this.answers = new Answers({
      ...shared,
      outcomes,
      questions,
      keepText,
      sayHeld,
      acted: (item, act) => {
        const { screen } = this;
        screen.paintActed(item);
        if (item === screen.shown || act.kind === "note") history.show(screen.shown);
        if (item === screen.shown) comments.show(item);
      },
    });
    this.writing = new Writing({
      ...shared,
      pick,
      stops,
      keepText,
      compare: () => compare.toggle(),
      edited: (target, text, value) => this.acts.edited(target, text, value),
      noted: (item, note) => this.acts.noted(item, note),
    });
    this.team = new Team({
      ...shared,
      lease: parts.lease,
      shown: () => this.screen.shown,
      isSending: () => outbox.size > 0,
      closed: () => this.closed(),
      counted: () => this.bar.paint(),
    });
    const { me, round, rounds } = review;
    this.otherRounds = new OtherRounds(parts.otherRounds, { me, rounds, own: round.id });
    this.earlier = new EarlierItems(shared);
    this.early = new EarlyKeys((name, key) => this.actions.run(name, key), status);
    this.follow = (/** @type {Item | undefined} */ item) => {
      if (!parts.find.hidden) find.look();
      questions.show(item);
      for (const place of [history, comments, chain]) place.show(item);
      status.announce([this.screen.spoken, questions.spoken].filter(Boolean).join(". "));
      this.team.paintLease();
    };
    const { acts, writing, earlier, screen } = this;
    /** @type {Actions} */
    this.actions = new Actions({ ...shared, knows, screen, questions, acts, writing, earlier, tools: this.tools });
    this.drawToolbar();
    this.listen();
  }

  drawToolbar() {
    const { bindings, mode, parts } = this;
    const hasQuestions = this.knows("question");
    parts.actions.replaceChildren(
      ...toolbar(bindings, mode.buttons, { hasQuestions, run: (name) => this.actions.run(name) }),
    );
  }

  /** From here on keys are the desk's, and leaving the page asks where something would be lost. */
  listen() {
    const { outbox, work, questions } = this;
    const press = listen(this.bindings, (name, key) => this.early.press(name, key), {
      knows: (name) => this.knows(name),
      missed: (key) => this.actions.missed(key),
      leave: () => this.actions.leave(),
    });
    window.rondoEarlyKeys?.().forEach(press);
    window.addEventListener("beforeunload", (event) => {
      if (outbox.size || outbox.held.length || work.isBegun || questions.texts.count) event.preventDefault();
    });
    setInterval(() => outbox.retryAt && this.bar.paint(), 1000);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && outbox.flush());
  }

  async start() {
    forgetOld();
    await this.outbox.flush();
    this.onItems();
    if (this.review.isOpen) await this.queue.fill();
    this.screen.paint();
    this.team.beat();
    this.early.takeUp();
  }

  /**
   * The next items, reserved for this person.
   * @param {object} wanted
   */
  async claim(wanted) {
    const { address, order } = this.review;
    const answer = await this.rest.post(`${address}/review/claims`, { order, ...wanted });
    return answer && !answer.error ? answer.map(kept) : answer;
  }

  /** What waits in this browser is more or less than before. */
  changed() {
    const { outbox } = this;
    this.bar.paint();
    if (outbox.size || outbox.busy) return;
    this.otherRounds.lookLater();
    // The last item here is decided: the server says whether that is all.
    if (this.review.isOpen) this.queue.ended();
  }

  onItems() {
    const { screen } = this;
    if (!screen.shown || screen.shown !== this.queue.current) screen.paint();
    else this.bar.paint();
  }

  /** Somebody ended the review, or a rule of the round did. */
  closed() {
    if (!this.review.isOpen) return;
    this.review.end();
    this.status.say(gettext("The review of this round was closed: its labels are frozen with what training reads."));
    this.screen.paint({ keep: true });
  }
}

/**
 * Called by the page once the component is there.
 * @param {HTMLElement} element
 */
export const start = (element) =>
  openDesk(element, (opened) => {
    const desk = new Desk(element, opened);
    // For who looks at the page from outside, as its tests do.
    Object.assign(element, { desk });
    return desk.start();
  });
