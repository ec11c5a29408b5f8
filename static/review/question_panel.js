// @ts-check
// What the project's questions look like: choices with their keys, a field for a text, places that were marked.

import { gettext } from "../gettext.js";
import { make, onTextKeys, quietButton } from "./elements.js";
import { wordsAt } from "./spans.js";

/** @typedef {import("./questions.js").Questions} Questions */
/** @typedef {import("./question_texts.js").Field} Field */
/** @typedef {{place: HTMLElement, field?: Field, update: (answer: AnswerValue | null | undefined) => void}} Part */

const QUOTED = 60;
const OTHERS = gettext("← → other samples.");
/** @type {Record<string, string>} */
const HINTS = {
  rating: gettext("A digit answers. ↑ ↓ other questions, Esc back to the verdict."),
  label: gettext("A digit answers. ↑ ↓ other questions, Esc back to the verdict."),
  labels: gettext("Digits choose, Enter goes on. ↑ ↓ other questions, Esc back to the verdict."),
  spans: gettext("Select words of the text, then press a digit; Enter goes on. Esc back to the verdict."),
  text: gettext("Enter goes on, Shift+Enter begins a line. Esc back to the verdict."),
};

/**
 * Made once for each item and changed in place after that: what has the focus keeps it, with what is written in it.
 * @param {Questions} questions
 */
export function panel(questions) {
  const place = make("section.questions", { hidden: true, "aria-label": gettext("Questions of the project") });
  /** @type {Sample | undefined} */
  let drawn;
  /** @type {Part[]} */
  let rows = [];
  const shown = {
    place,
    /** @type {HTMLElement | null} */
    active: null,
    /** @type {HTMLTextAreaElement | null} */
    box: null,
    draw,
    focus,
  };

  function draw() {
    const { item, all, at, answers, name } = questions;
    place.hidden = !item || !all.length;
    if (item !== drawn) {
      rows = item ? all.map((question, n) => row(questions, item, question, n)) : [];
      questions.texts.fields = rows.flatMap((part) => part.field || []);
      drawn = item;
      const about = name ? [make("b", {}, gettext("About sample {name}", { name }))] : [];
      place.replaceChildren(...about, ...rows.map((part) => part.place));
    }
    rows.forEach((part, n) => part.update(answers[all[n].id]));
    shown.box = rows[at]?.field?.box || null;
    shown.active = shown.box || rows[at]?.place || null;
  }

  /** @param {HTMLElement} elsewhere where keys go while no question is open */
  function focus(elsewhere) {
    const { active, box } = shown;
    const now = document.activeElement;
    if (questions.at >= 0 && active) {
      if (!place.querySelector(".is-open")?.contains(now) || box) active.focus({ preventScroll: true });
      place.querySelector(".is-open")?.scrollIntoView({ block: "nearest" });
    } else if (place.contains(now)) elsewhere.focus({ preventScroll: true });
  }

  return shown;
}

/**
 * @param {Questions} questions
 * @param {Sample} item
 * @param {Question} question
 * @param {number} n
 * @returns {Part}
 */
function row(questions, item, question, n) {
  const { id, title, help, is_required, kind } = question;
  const head = make("p.asks", { id: `question-${id}`, dir: "auto" });
  const others = questions.name && kind !== "text" ? ` ${OTHERS}` : "";
  const hint = make("p.rondo-muted.asks", {}, HINTS[kind] + others);
  const parts = [kind === "text" ? field(questions, item, question, n) : choices(questions, question, n)];
  const place = make(
    "div.own-question",
    { role: "group", tabIndex: -1, "aria-labelledby": `question-${id}` },
    head,
    help ? make("p.rondo-muted.asks", { dir: "auto" }, help) : null,
  );
  if (kind === "spans") parts.push(marked(questions, item, question, place));
  place.append(...parts.map((part) => part.place), hint);
  const update = (/** @type {AnswerValue | null | undefined} */ answer) => {
    const isOpen = n === questions.at;
    place.classList.toggle("is-open", isOpen);
    hint.hidden = !isOpen;
    const state = answer ? make("span.rondo-badge.ok", {}, gettext("answered")) : null;
    const needed = is_required && !answer ? make("span.rondo-badge.warn", {}, gettext("required")) : null;
    head.replaceChildren(make("b", {}, title), " ", state || needed || "");
    parts.forEach((part) => part.update(answer));
  };
  return { place, field: parts[0].field, update };
}

/**
 * @param {Questions} questions
 * @param {Question} question
 * @param {number} at
 * @returns {Part}
 */
function choices(questions, question, at) {
  const { kind, options } = question;
  const names =
    kind === "rating" ? Array.from({ length: options.highest }, (_, n) => String(n + 1)) : [...options.labels];
  /** @type {(answer: AnswerValue | null | undefined, name: string, n: number) => boolean} */
  const isOn = (answer, name, n) =>
    kind === "rating"
      ? answer?.rating === n + 1
      : kind === "label"
        ? answer?.label === name
        : kind === "labels" && Boolean(answer?.labels?.includes(name));
  const buttons = names.map((name, n) => {
    const key = n < 9 ? String(n + 1) : kind === "rating" ? "0" : "";
    return make(
      "button.choice",
      // What is selected in the text stays selected.
      {
        type: "button",
        onclick: () => questions.click(at, n + 1),
        onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
      },
      key && name !== key ? make("kbd", { "aria-hidden": "true" }, key) : null,
      make("span", { dir: "auto" }, name),
    );
  });
  const update = (/** @type {AnswerValue | null | undefined} */ answer) =>
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(isOn(answer, names[n], n))));
  return { place: make("div.choices", {}, ...buttons), update };
}

/**
 * @param {Questions} questions
 * @param {Sample} item
 * @param {Question} question
 * @param {number} at
 * @returns {Part}
 */
function field(questions, item, question, at) {
  /** @type {HTMLTextAreaElement} */
  const box = make("textarea", {
    rows: 2,
    maxLength: 4000,
    dir: "auto",
    "aria-label": question.title,
    // Written and not given yet: kept in this browser, as a note is.
    oninput: () => {
      questions.texts.keepDraft(written);
      questions.noteTyped();
    },
    onfocus: () => {
      if (questions.at !== at) questions.open(at);
    },
    // To another place of this item; not to another window, and not because the item went.
    onblur: () => {
      if (questions.item === item && document.activeElement !== box) questions.texts.give();
    },
  });
  const written = { box, question, sample_id: item.sample_id };
  const save = () => {
    questions.saveText(at);
  };
  onTextKeys(box, { save });
  const update = (/** @type {AnswerValue | null | undefined} */ answer) => {
    const value = questions.texts.shown(written, answer);
    if (document.activeElement !== box && box.value !== value) box.value = value;
  };
  const button = make("button.choice", { type: "button", onclick: save }, gettext("Save the text"));
  return { place: make("div.choices", {}, box, button), field: written, update };
}

/**
 * @param {Questions} questions
 * @param {Sample} item
 * @param {Question} question
 * @param {HTMLElement} group
 * @returns {Part}
 */
function marked(questions, item, question, group) {
  const list = make("ul.marked");
  let drawn = "";
  const update = (/** @type {AnswerValue | null | undefined} */ answer) => {
    const spans = answer?.spans || [];
    list.hidden = !spans.length;
    if (JSON.stringify(spans) === drawn) return;
    drawn = JSON.stringify(spans);
    const before = [...list.querySelectorAll("button")].findIndex((button) => button === document.activeElement);
    const rows = spans.map((span) => {
      const words = wordsAt(item.text, span);
      const quoted = words.length > QUOTED ? `${words.slice(0, QUOTED)}…` : words;
      const rest = spans.filter((other) => other !== span);
      const onclick = () => questions.give(question, { spans: rest });
      const remove = quietButton("×", onclick, { "aria-label": gettext("Take away: {quoted}", { quoted }) });
      return make("li", {}, make("b", {}, span.label), " ", make("q", { dir: "auto" }, quoted), " ", remove);
    });
    list.replaceChildren(...rows);
    // The button that was pressed is gone: the focus stays near it.
    const next = rows[Math.min(before, rows.length - 1)]?.querySelector("button");
    if (before >= 0) (next || group).focus({ preventScroll: true });
  };
  return { place: list, update };
}
