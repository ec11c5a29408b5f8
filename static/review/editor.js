// Editing a text in place. What is typed is kept in this browser until it is saved or left.

import { make, onTextKeys } from "./elements.js";

const draftName = (desk, id) => `rondo.review.draft.${desk.me}.${id}`;

function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // A full or forbidden store: the text is still in the box, and leaving the page asks.
  }
}

/** Keep a text that was not saved, to be found when the sample is edited again. */
export const keepDraft = (desk, sampleId, text) => keep(draftName(desk, sampleId), text);

/** Open the editor on a sample; `start` is what to begin with where it is not the sample's own text. */
export function edit(desk, target, { start = null, value = null } = {}) {
  const name = draftName(desk, target.sample_id);
  const draft = recall(name);
  const box = make("textarea", { value: start ?? draft ?? target.text, dir: "auto", "aria-label": "Edited text", rows: 12 });
  let timer = null;
  const leave = () => {
    clearTimeout(timer);
    keep(name, null);
    desk.endWork();
  };
  const save = () => {
    if (!box.value.trim() || box.value === target.text) return leave();
    clearTimeout(timer);
    if (desk.edited(target, box.value, value)) keep(name, null);
    else keep(name, box.value);
    return undefined;
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep(name, box.value), 300);
  });
  onTextKeys(box, { save, leave });
  const restored = start === null && draft !== null && draft !== target.text;
  const buttons = make(
    "p.rondo-toolbar", {},
    make("button.rondo-primary", { type: "button", onclick: save }, "Save the edit"),
    make("button.rondo-quiet", { type: "button", onclick: leave }, "Leave as it was"),
    make("button.rondo-quiet", { type: "button", onclick: () => desk.compare.toggle() }, "Compare"),
    make("span.rondo-muted", {}, restored ? "This is what you typed before." : "The original stays; your text counts as accepted."),
  );
  desk.beginWork([box, buttons], { inPlace: true, text: () => box.value });
  box.focus();
}
