// @ts-check
// What the project's questions look like: choices with their keys, a field for a text, places that were marked.

import { make, onTextKeys } from "./elements.js";
import { wordsAt } from "./spans.js";

/** @typedef {import("./questions.js").Questions} Questions */

const QUOTED = 60;

/** @param {Questions} questions */
export function panel(questions) {
  const place = make("section.questions", { hidden: true, "aria-label": "Questions of the project" });
  /** @type {{place: HTMLElement, active: HTMLElement | null, box: HTMLTextAreaElement | null, draw: () => void}} */
  const shown = { place, active: null, box: null, draw };

  function draw() {
    place.hidden = !questions.item || !questions.all.length;
    shown.active = shown.box = null;
    place.replaceChildren(...(place.hidden ? [] : questions.all.map((question, n) => one(questions, question, n))));
    const open = place.querySelector(".is-open");
    shown.box = open?.querySelector("textarea") || null;
    shown.active = shown.box || /** @type {HTMLElement | null} */ (open);
  }

  return shown;
}

/**
 * @param {Questions} questions
 * @param {Question} question
 * @param {number} n
 */
function one(questions, question, n) {
  const isOpen = n === questions.at;
  const { id, title, help, is_required, kind } = question;
  const answer = questions.answers[id];
  const state = answer ? make("span.rondo-badge.ok", {}, "answered") : null;
  const needed = is_required && !answer ? make("span.rondo-badge.warn", {}, "required") : null;
  const head = make("p.asks", { id: `question-${id}`, dir: "auto" }, make("b", {}, title), " ", state, needed);
  const parts = kind === "text" ? [field(questions, question, n)] : [choices(questions, question, n)];
  if (kind === "spans") parts.push(marked(questions, question));
  return make(
    `div.own-question${isOpen ? ".is-open" : ""}`,
    { role: "group", tabIndex: -1, "aria-labelledby": `question-${id}` },
    head,
    help ? make("p.rondo-muted.asks", { dir: "auto" }, help) : null,
    ...parts,
    isOpen ? make("p.rondo-muted.asks", {}, HINTS[kind]) : null,
  );
}

/** @type {Record<string, string>} */
const HINTS = {
  rating: "A digit answers. ↑ ↓ other questions, Esc back to the verdict.",
  label: "A digit answers. ↑ ↓ other questions, Esc back to the verdict.",
  labels: "Digits choose, Enter goes on. ↑ ↓ other questions, Esc back to the verdict.",
  spans: "Select words of the text, then press a digit; Enter goes on. Esc back to the verdict.",
  text: "Enter goes on, Shift+Enter begins a line. Esc back to the verdict.",
};

/**
 * @param {Questions} questions
 * @param {Question} question
 * @param {number} at
 */
function choices(questions, question, at) {
  const { kind, options, id } = question;
  const answer = questions.answers[id];
  const names =
    kind === "rating" ? Array.from({ length: options.highest }, (_, n) => String(n + 1)) : [...options.labels];
  /** @type {(name: string, n: number) => boolean} */
  const isOn = (name, n) =>
    kind === "rating"
      ? answer?.rating === n + 1
      : kind === "label"
        ? answer?.label === name
        : kind === "labels" && Boolean(answer?.labels.includes(name));
  const buttons = names.map((name, n) => {
    const key = n < 9 ? String(n + 1) : kind === "rating" ? "0" : "";
    const onclick = (/** @type {MouseEvent} */ event) => {
      event.preventDefault();
      questions.at = at;
      questions.choose(question, n + 1);
    };
    return make(
      "button.choice",
      // What is selected in the text stays selected.
      { type: "button", onclick, onmousedown: (/** @type {Event} */ event) => event.preventDefault() },
      key && name !== key ? make("kbd", { "aria-hidden": "true" }, key) : null,
      make("span", { dir: "auto" }, name),
    );
  });
  buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(isOn(names[n], n))));
  return make("div.choices", {}, ...buttons);
}

/**
 * @param {Questions} questions
 * @param {Question} question
 * @param {number} at
 */
function field(questions, question, at) {
  const { id, title } = question;
  const name = questions.draftName(question);
  const box = make("textarea", {
    rows: 2,
    maxLength: 4000,
    dir: "auto",
    "aria-label": title,
    value: localStorage.getItem(name) ?? questions.answers[id]?.text ?? "",
    // Written and not given yet: kept in this browser, as a note is.
    oninput: () => localStorage.setItem(name, box.value),
    onfocus: () => {
      if (questions.at !== at) questions.open(at);
    },
  });
  onTextKeys(box, { save: () => (questions.giveText(), questions.goOn()) });
  const save = () => {
    questions.at = at;
    questions.panel.box = box;
    questions.giveText();
    questions.goOn();
  };
  return make("div.choices", {}, box, make("button.choice", { type: "button", onclick: save }, "Save the text"));
}

/**
 * @param {Questions} questions
 * @param {Question} question
 */
function marked(questions, question) {
  const text = questions.item?.text || "";
  /** @type {{start: number, end: number, label: string}[]} */
  const spans = questions.answers[question.id]?.spans || [];
  const rows = spans.map((span) => {
    const words = wordsAt(text, span);
    const quoted = words.length > QUOTED ? `${words.slice(0, QUOTED)}…` : words;
    const rest = spans.filter((other) => other !== span);
    const onclick = () => questions.give(question, { spans: rest });
    const remove = make("button.rondo-quiet", { type: "button", onclick, "aria-label": `Take away: ${quoted}` }, "×");
    return make("li", {}, make("b", {}, span.label), " ", make("q", { dir: "auto" }, quoted), " ", remove);
  });
  return make("ul.marked", { hidden: !rows.length }, ...rows);
}
