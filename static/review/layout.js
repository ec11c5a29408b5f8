// The desk's fixed parts, made once. Painting an item fills them.

import { make } from "./elements.js";
import { KEYS } from "./keys.js";

const ORDERS = [
  ["worth", "Worth a look first"],
  ["sequential", "In order"],
  ["random", "Random"],
  ["disagreement", "Judge contradicts itself"],
];

const button = (command, label, key, run, more = "") =>
  make(
    `button.action${more}`,
    { type: "button", onclick: () => run(command), "aria-keyshortcuts": key, "data-command": command },
    label,
    make("kbd", { "aria-hidden": "true" }, key),
  );

export function layout(element, { round, rounds, guidelines, scores, order }, run) {
  const parts = {
    unsaved: make("span.unsaved", { role: "status" }),
    tally: make("span.tally"),
    progress: make("span.rondo-muted.progress"),
    message: make("div.message", { hidden: true, role: "alert" }),
    prompt: make("div.prompt"),
    answer: make("article.answer", { tabIndex: -1, "aria-label": "The sample to decide" }),
    facts: make("p.facts.rondo-muted"),
    mine: make("p.mine"),
    assist: make("section.assist", { "aria-label": "The judge" }),
    revealed: make("section.reveal", { "aria-live": "polite", "aria-label": "The last decision" }),
    actions: make("div.actions", { role: "toolbar", "aria-label": "Decide" }),
    help: make("dialog.help"),
    closing: make("dialog.closing"),
  };
  parts.round = make("select", { "aria-label": "Round", onchange: (e) => run("round", e.target.value) });
  for (const one of rounds) {
    const option = make("option", { value: one.id }, `Round ${one.number}${one.is_open ? "" : " (not in review)"}`);
    option.selected = one.id === round.id;
    parts.round.append(option);
  }
  parts.order = make("select", { "aria-label": "Order", onchange: (e) => run("order", e.target.value) });
  for (const [value, label] of ORDERS) {
    const option = make("option", { value }, label);
    option.selected = value === order;
    parts.order.append(option);
  }
  parts.actions.append(
    button("accept", "Accept", "a", run, ".accept"),
    button("reject", "Reject", "x", run, ".reject"),
    ...scores.map((score) => button(`score ${score}`, String(score), "", run, ".score")),
    button("edit", "Edit", "e", run),
    button("flag", "Flag", "f", run),
    button("skip", "Skip", "s", run),
    button("undo", "Undo", "u", run),
    button("previous", "Back", "k", run),
    button("next", "Next", "j", run),
  );
  const close = round.can_close
    ? make("button.rondo-quiet.close", { type: "button", onclick: () => run("closing") }, "Close review…")
    : null;
  const bar = make(
    "div.bar", {}, parts.round, parts.order, parts.progress, make("span.space"), parts.unsaved, parts.tally,
    make("button.rondo-quiet", { type: "button", onclick: () => run("help"), "aria-label": "Keys" }, "?"), close,
  );
  const side = make(
    "aside", {},
    parts.revealed,
    guidelines ? make("details.guidelines", { open: window.innerWidth > 900 }, make("summary", {}, "Guidelines"), text(guidelines)) : null,
  );
  const desk = make("div.desk", {}, make("main", {}, parts.prompt, parts.answer, parts.facts, parts.mine, parts.assist), side);
  parts.help.append(...helpRows(scores), closeDialog());
  parts.desk = desk;
  element.replaceChildren(bar, parts.message, desk, parts.actions, parts.help, parts.closing);
  return parts;
}

function text(value) {
  const body = make("div.text", { dir: "auto" });
  body.textContent = value;
  return body;
}

function helpRows(scores) {
  const rows = KEYS.filter(({ command }) => command !== "score" || scores.length).map(({ keys, label, shown }) =>
    make("tr", {}, make("td", {}, make("kbd", {}, shown || keys[0])), make("td", {}, label)),
  );
  return [make("h2", {}, "Keys"), make("table", {}, make("tbody", {}, ...rows))];
}

export const closeDialog = () => make("form", { method: "dialog" }, make("button.rondo-quiet", {}, "Close"));
