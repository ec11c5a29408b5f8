// @ts-check
// Repair: one line of instruction, the round's policy rewrites, then accept, edit or ask again.

import { gettext, ngettext } from "../gettext.js";
import { words } from "./diff.js";
import { figures, make, primaryButton, quietButton } from "./elements.js";
import { refusal } from "./rest.js";

const POLL = 700;
const OVER = new Set(["done", "failed", "cancelled"]);
const GONE = new Set(["NotFound", "PermissionDenied"]);

/**
 * What a repair needs. `edited(target, text, value)` takes the rewrite; false: not taken. `editFrom` goes on with it by
 * hand. `value` says where it came from.
 * @typedef {{me: number, rest: import("./rest.js").Rest, work: import("./work.js").Work,
 *   bindings: import("./keys.js").Bindings, edited: (target: Sample, text: string, value: object) => boolean,
 *   editFrom: (target: Sample, text: string, value: object) => void}} RepairNeeds
 */

export class Repair {
  /**
   * @param {RepairNeeds} needs
   * @param {Sample} target
   */
  constructor({ me, rest, work, bindings, edited, editFrom }, target) {
    this.rest = rest;
    this.work = work;
    this.bindings = bindings;
    this.edited = edited;
    this.editFrom = editFrom;
    this.target = target;
    this.name = `rondo.review.repair.${me}.${target.sample_id}`;
    this.isSending = false;
    this.text = "";
    this.instruction = "";
    this.job = 0;
    this.box = make("input", {
      type: "text",
      maxLength: 2000,
      placeholder: gettext("For example: answer in one sentence"),
      "aria-label": gettext("What should change"),
      dir: "auto",
    });
    this.status = make("div.status", { role: "status" });
    this.panel = make("div.repair", {});
    this.panel.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.press(event));
    work.begin([this.panel], { text: () => this.text || "" });
    const known = Number(localStorage.getItem(this.name));
    if (known) this.wait(known);
    else this.ask();
  }

  get isOpen() {
    return this.panel.isConnected;
  }

  /**
   * Keys of the panel's own; in the line of instruction only Escape.
   * @param {KeyboardEvent} event
   */
  press(event) {
    const isLine = event.target === this.box;
    const name = isLine ? "" : this.bindings.find(event);
    if (event.key === "Escape") this.leave();
    else if (isLine && event.key === "Enter" && !event.isComposing) this.send();
    else if (name === "edit" && this.text) this.edit();
    else if (name === "repair" && this.text) this.ask();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  ask() {
    const send = primaryButton(gettext("Rewrite"), () => this.send());
    const leave = quietButton(gettext("Leave"), () => this.leave());
    this.box.value ||= this.instruction || "";
    this.panel.replaceChildren(
      make("label", {}, gettext("What should change?"), this.box),
      make("p.rondo-toolbar", {}, send, leave),
      this.status,
    );
    this.box.focus();
  }

  leave() {
    localStorage.removeItem(this.name);
    this.work.end();
  }

  async send() {
    const instruction = this.box.value.trim();
    if (!instruction || this.isSending) return;
    this.isSending = true;
    const answer = await this.rest.post(`/samples/${this.target.sample_id}/repairs`, { instruction });
    this.isSending = false;
    if (!this.isOpen) return;
    const problem = refusal(answer);
    if (problem) return this.say(problem);
    localStorage.setItem(this.name, answer.job_id);
    this.wait(answer.job_id);
  }

  /** @param {string} text */
  say(text) {
    this.status.replaceChildren(make("p.rondo-problem", {}, text));
  }

  /**
   * The job goes on without this page; coming back finds it again.
   * @param {number} jobId
   */
  async wait(jobId) {
    const leave = quietButton(gettext("Go on meanwhile"), () => this.work.end());
    const line = make("p", {}, gettext("The model rewrites…"));
    this.panel.replaceChildren(line, make("p.rondo-toolbar", {}, leave), this.status);
    leave.focus();
    while (this.isOpen) {
      const got = await this.rest.get(`/repairs/${jobId}`);
      if (!this.isOpen) return;
      // Any other refusal passes: the server is busy, or the person has to sign in. The rewrite goes on meanwhile.
      if (got?.error && !got.job_id && GONE.has(got.error.type)) return this.failed(got.error.message);
      if (got?.job_id && OVER.has(got.status))
        return got.text === null ? this.failed(got.error || gettext("The rewrite was cancelled.")) : this.show(got);
      line.textContent = got?.job_id ? rewriting(got.ahead) : tryingAgain(got?.error?.message);
      await new Promise((later) => setTimeout(later, POLL));
    }
  }

  /** @param {string} message */
  failed(message) {
    localStorage.removeItem(this.name);
    this.ask();
    this.say(message);
  }

  /** @param {any} got */
  async show(got) {
    Object.assign(this, { text: got.text, instruction: got.instruction, job: got.job_id });
    this.target.repairs = [
      ...(this.target.repairs || []).filter((repair) => repair.job !== got.job_id),
      { job: got.job_id, text: got.text },
    ];
    const parts = await words(this.target.text, got.text);
    if (!this.isOpen) return;
    const body = make("div.difference", { dir: "auto", tabIndex: 0, "aria-label": gettext("The rewrite") });
    if (parts && isAlike(parts))
      body.append(
        ...parts.map(([text, change]) => (change ? make(change < 0 ? "del" : "ins", { textContent: text }) : text)),
      );
    else body.textContent = got.text;
    const accept = primaryButton(gettext("Accept the repair"), () => this.accept());
    const cut =
      got.finish_reason === "length" ? make("p.rondo-muted", {}, gettext("Cut off at the length limit.")) : "";
    this.panel.replaceChildren(
      make("p.rondo-muted", {}, gettext("Asked: {instruction}", { instruction: got.instruction })),
      body,
      cut,
      make(
        "p.rondo-toolbar",
        {},
        accept,
        quietButton(gettext("Edit it"), () => this.edit()),
        quietButton(gettext("Ask again"), () => this.ask()),
        quietButton(gettext("Leave"), () => this.leave()),
      ),
    );
    accept.focus();
  }

  get source() {
    return { source: "repair", job_id: this.job, instruction: this.instruction };
  }

  accept() {
    if (this.edited(this.target, this.text, this.source)) localStorage.removeItem(this.name);
  }

  edit() {
    localStorage.removeItem(this.name);
    this.editFrom(this.target, this.text, this.source);
  }
}

/** @param {number} ahead how many jobs come before */
const rewriting = (ahead) =>
  ahead
    ? ngettext("The model rewrites after {count} other job…", "The model rewrites after {count} other jobs…", ahead, {
        count: figures(ahead),
      })
    : gettext("The model rewrites…");

/** @param {string | undefined} why */
const tryingAgain = (why) => gettext("{why} Trying again…", { why: why || gettext("The server does not answer.") });

/**
 * Whether the two texts share enough for their difference to be read.
 * @param {[text: string, change: number][]} parts
 */
function isAlike(parts) {
  /** @param {number} kind */
  const length = (kind) => parts.filter(([, change]) => change === kind).reduce((sum, [text]) => sum + text.length, 0);
  return length(0) >= 0.4 * (length(0) + Math.max(length(-1), length(1)));
}
