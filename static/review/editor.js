// @ts-check
// Editing a text in place. What is typed is kept in this browser until it is saved.

import { keyName, make, onTextKeys } from "./elements.js";

const EMPTY = "The text is empty: write something, or reject the sample.";
const UNCHANGED = "Nothing is changed; Esc leaves it.";

/**
 * @param {{me: number}} desk
 * @param {number} id
 */
const draftName = (desk, id) => `rondo.review.draft.${desk.me}.${id}`;

/**
 * What was kept under this name, else null.
 * @param {string} name
 */
export function recall(name) {
  try {
    return localStorage.getItem(name) || null;
  } catch {
    return null;
  }
}

/**
 * Keep a text under this name; null forgets it.
 * @param {string} name
 * @param {string | null} text
 */
export function keep(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // A full or forbidden store: the text is still in the box, and leaving the page asks.
  }
}

/**
 * Keep a text that was not saved, to be found when the sample is edited again.
 * @param {{me: number}} desk
 * @param {number} sampleId
 * @param {string} text
 */
export const keepDraft = (desk, sampleId, text) => keep(draftName(desk, sampleId), text);

/**
 * Whether a text of this person waits here for the sample.
 * @param {{me: number}} desk
 * @param {number} sampleId
 */
export const hasDraft = (desk, sampleId) => recall(draftName(desk, sampleId)) !== null;

/**
 * Open the editor on a sample; `start` is what to begin with where it is not the sample's own text.
 * @param {Desk} desk
 * @param {Sample} target
 * @param {{start?: string | null, value?: object | null}} how
 */
export function edit(desk, target, { start = null, value = null } = {}) {
  const name = draftName(desk, target.sample_id);
  const draft = recall(name);
  // As a text area gives it back: without the line ends of other systems.
  const original = target.text.replace(/\r\n?/g, "\n");
  const box = make("textarea", {
    value: start ?? draft ?? target.text,
    dir: "auto",
    "aria-label": "Edited text",
    rows: 12,
  });
  const isWorthKeeping = () => box.value.trim() !== "" && box.value !== original;
  const keepNow = () => keep(name, isWorthKeeping() ? box.value : null);
  let timer = 0;
  const leave = () => {
    clearTimeout(timer);
    keepNow();
    desk.endWork();
    if (isWorthKeeping())
      desk.hint(`Your text is kept: ${keyName(desk.bindings.first("edit")) || "Edit"} opens it again.`);
  };
  const save = () => {
    if (!isWorthKeeping()) return say(box.value.trim() ? UNCHANGED : EMPTY);
    clearTimeout(timer);
    // Before the desk is painted again: what is sent is no draft.
    keep(name, null);
    if (!desk.edited(target, box.value, value)) keep(name, box.value);
    return undefined;
  };
  box.addEventListener("input", () => {
    say("");
    clearTimeout(timer);
    timer = setTimeout(keepNow, 300);
  });
  onTextKeys(box, { save, leave });
  const back = make(
    "button.rondo-quiet",
    { type: "button", hidden: !isWorthKeeping(), onclick: () => goBack() },
    "Back to the original",
  );
  const goBack = () => {
    clearTimeout(timer);
    box.value = original;
    keepNow();
    back.hidden = true;
    say("This is the original again.");
    box.focus();
  };
  const isRestored = start === null && draft !== null && isWorthKeeping();
  const about = make(
    "span.rondo-muted",
    {},
    isRestored ? "This is what you typed before." : "Your text counts as accepted, the original as rejected.",
  );
  const said = make("p.said", { role: "status" });
  /** @param {string} text */
  const say = (text) => {
    said.textContent = text;
    if (text) box.focus();
  };
  const buttons = make(
    "p.rondo-toolbar",
    {},
    make("button.rondo-primary", { type: "button", onclick: save }, "Save the edit"),
    make("button.rondo-quiet", { type: "button", onclick: leave }, "Leave"),
    make("button.rondo-quiet", { type: "button", onclick: () => desk.compare.toggle() }, "Compare"),
    back,
    about,
  );
  desk.beginWork([box, said, buttons], { inPlace: true, text: () => box.value });
  box.focus();
}
