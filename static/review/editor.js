// @ts-check
// Editing a text in place. What is typed is kept in this browser until it is saved.

import { gettext } from "../gettext.js";
import { keyName, make, onTextKeys, primaryButton, quietButton } from "./elements.js";
import { keep, recall } from "./kept.js";

/**
 * What the editor needs. `edited(target, text, value)` takes the text; false: not taken. `compare()` shows it beside the
 * original.
 * @typedef {{me: number, work: import("./work.js").Work, status: import("./status.js").Status,
 *   bindings: import("./keys.js").Bindings, compare: () => void,
 *   edited: (target: Sample, text: string, value: object | null) => boolean}} EditorNeeds
 */

/**
 * @param {{me: number}} person
 * @param {number} id
 */
const draftName = (person, id) => `rondo.review.draft.${person.me}.${id}`;

/**
 * Keep a text that was not saved, to be found when the sample is edited again.
 * @param {{me: number}} person
 * @param {number} sampleId
 * @param {string} text
 */
export const keepDraft = (person, sampleId, text) => keep(draftName(person, sampleId), text);

/**
 * Whether a text of this person waits here for the sample.
 * @param {{me: number}} person
 * @param {number} sampleId
 */
export const hasDraft = (person, sampleId) => recall(draftName(person, sampleId)) !== null;

/** An edit was begun and not saved. */
export const draftBadge = () =>
  make(
    "span.rondo-badge.accent.draft",
    { title: gettext("A text of yours waits in this browser; editing opens it") },
    gettext("✎ draft"),
  );

/**
 * Open the editor on a sample; `start` is what to begin with where it is not the sample's own text.
 * @param {EditorNeeds} needs
 * @param {Sample} target
 * @param {{start?: string | null, value?: object | null}} how
 */
export function edit({ me, work, status, bindings, edited, compare }, target, { start = null, value = null } = {}) {
  const name = draftName({ me }, target.sample_id);
  const draft = recall(name);
  // As a text area gives it back: without the line ends of other systems.
  const original = target.text.replace(/\r\n?/g, "\n");
  const box = make("textarea", {
    value: start ?? draft ?? target.text,
    dir: "auto",
    "aria-label": gettext("Edited text"),
    rows: 12,
  });
  const isWorthKeeping = () => box.value.trim() !== "" && box.value !== original;
  const keepNow = () => keep(name, isWorthKeeping() ? box.value : null);
  let timer = 0;
  const leave = () => {
    clearTimeout(timer);
    keepNow();
    work.end();
    const key = keyName(bindings.first("edit")) || gettext("Edit");
    if (isWorthKeeping()) status.hint(gettext("Your text is kept: {key} opens it again.", { key }));
  };
  const save = () => {
    if (!isWorthKeeping())
      return say(
        box.value.trim()
          ? gettext("Nothing is changed; Esc leaves it.")
          : gettext("The text is empty: write something, or reject the sample."),
      );
    clearTimeout(timer);
    // Before the desk is painted again: what is sent is no draft.
    keep(name, null);
    if (!edited(target, box.value, value)) keep(name, box.value);
    return undefined;
  };
  box.addEventListener("input", () => {
    say("");
    clearTimeout(timer);
    timer = setTimeout(keepNow, 300);
  });
  onTextKeys(box, { save, leave });
  const back = quietButton(gettext("Back to the original"), () => goBack(), { hidden: !isWorthKeeping() });
  const goBack = () => {
    clearTimeout(timer);
    box.value = original;
    keepNow();
    back.hidden = true;
    say(gettext("This is the original again."));
    box.focus();
  };
  const isRestored = start === null && draft !== null && isWorthKeeping();
  const about = make(
    "span.rondo-muted",
    {},
    isRestored
      ? gettext("This is what you typed before.")
      : gettext("Your text counts as accepted, the original as rejected."),
  );
  const line = make("p.said", { role: "status" });
  /** @param {string} text */
  const say = (text) => {
    line.textContent = text;
    if (text) box.focus();
  };
  const buttons = make(
    "p.rondo-toolbar",
    {},
    primaryButton(gettext("Save the edit"), save),
    quietButton(gettext("Leave"), leave),
    quietButton(gettext("Compare"), compare),
    back,
    about,
  );
  work.begin([box, line, buttons], { inPlace: true, text: () => box.value });
  box.focus();
}
