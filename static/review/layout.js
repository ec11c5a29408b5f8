// @ts-check
// The desk's fixed parts, made once. Painting an item fills them.

import { keyName, make } from "./elements.js";

/** @type {[value: string, label: string][]} */
const ORDERS = [
  ["informativeness", "Most informative first"],
  ["sequential", "In order"],
  ["random", "Random"],
  ["disagreement", "Judge contradicts itself"],
];
/** @type {ButtonOf[]} */
const MINOR = [
  ["edit", "Edit", "minor"],
  ["repair", "Repair", "minor"],
  ["note", "Note", "minor"],
  ["flag", "Flag", "minor"],
  ["skip", "Skip", ""],
  ["undo", "Undo", ""],
  ["previous", "Back", "minor"],
  ["next", "Next", "minor"],
];
/** @type {ButtonOf} */
const QUESTIONS = ["question", "Questions", "minor"];
const WAYS = { sample: "One sample", group: "Side by side", pair: "A or B", judgment: "Is the judge right?" };

/**
 * @param {any} element
 * @param {Opened} opened
 * @param {Desk} desk
 */
export function layout(element, opened, desk) {
  /** @type {Desk["parts"]} */
  const parts = {
    unsaved: make("span.unsaved", { role: "status" }),
    tally: make("span.tally"),
    progress: make("span.rondo-muted.progress"),
    here: make("span.rondo-muted.here"),
    lease: make("span.lease"),
    spoken: make("p.spoken", { role: "status" }),
    message: make("div.message", { hidden: true, role: "alert" }),
    otherRounds: make("div.other-rounds.rondo-problem", { hidden: true, role: "status" }),
    outcomes: make("div.outcomes.rondo-problem", { hidden: true, role: "alert" }),
    find: make("div.find.rondo-toolbar", { hidden: true, role: "search" }),
    prompt: make("div.prompt"),
    answer: make("article.answer", { tabIndex: -1, "aria-label": "What to decide" }),
    work: make("section.work", { hidden: true, "aria-label": "Editing" }),
    compare: make("section.compare", { hidden: true, "aria-label": "Comparison" }),
    facts: make("p.facts.rondo-muted"),
    mine: make("p.mine", { role: "status" }),
    assist: make("section.assist", { "aria-label": "The judge" }),
    revealed: make("section.reveal", { "aria-live": "polite", "aria-label": "The last decision" }),
    history: make("details.history", {}, make("summary", {}, "Notes and history")),
    comments: make("details.history.comments", {}, make("summary", {}, "Comments")),
    chain: make(
      "details.history.chain",
      { hidden: !opened.round.has_chain },
      make("summary", {}, "Where it came from, what was said of it"),
    ),
    actions: make("div.actions", { role: "toolbar", "aria-label": "Decide" }),
    help: make("dialog.help", { "aria-label": "Keys" }),
    closing: make("dialog.closing", { "aria-label": "Close the review" }),
    palette: make("dialog.palette", { "aria-label": "All commands" }),
  };
  parts.round = select("Round", rounds(opened), (value) => desk.do_round(value));
  parts.order = select("Order", orders(opened), (value) => desk.do_order(value));
  parts.actions.append(...toolbar(desk));
  const main = make(
    "div.middle",
    {},
    parts.find,
    parts.prompt,
    parts.answer,
    parts.compare,
    parts.work,
    parts.facts,
    parts.assist,
  );
  parts.guidelines = opened.guidelines ? guidelines(opened, desk) : null;
  parts.desk = make(
    `div.desk.is-${opened.mode}`,
    {},
    main,
    make("aside", {}, parts.revealed, parts.guidelines, parts.chain, parts.comments, parts.history),
  );
  element.classList.add("review-frame");
  const measure = () =>
    element.style.setProperty("--review-top", `${Math.round(element.getBoundingClientRect().top + window.scrollY)}px`);
  measure();
  // In script: selectors that look for what a page holds are worked out again with every text.
  element.closest("main")?.style.setProperty("padding-bottom", "0", "important");
  window.addEventListener("resize", measure);
  const below = make("div.below", {}, parts.mine, parts.actions);
  // However high the buttons stand, they cover nothing that is scrolled to, and no question that is answered.
  const clear = () => {
    document.documentElement.style.scrollPadding = `64px 0 ${below.offsetHeight + 12}px`;
    element.querySelector(".own-question.is-open:focus-within")?.scrollIntoView({ block: "nearest" });
  };
  new ResizeObserver(clear).observe(below);
  element.replaceChildren(
    bar(parts, opened, desk),
    standing(parts),
    parts.otherRounds,
    parts.message,
    parts.outcomes,
    parts.spoken,
    parts.desk,
    below,
    parts.help,
    parts.closing,
    parts.palette,
  );
  return parts;
}

/**
 * @param {Desk["parts"]} parts
 * @param {Opened} opened
 * @param {Desk} desk
 */
function bar(parts, opened, desk) {
  /** @type {(label: string, run: () => unknown, more?: object) => HTMLElement} */
  const quiet = (label, run, more = {}) => make("button.rondo-quiet", { type: "button", onclick: run, ...more }, label);
  parts.close = opened.round.can_close
    ? quiet("Close review…", () => desk.do_closing(), { className: "rondo-quiet close" })
    : null;
  return make(
    "div.bar",
    {},
    parts.round,
    parts.order,
    make("span.rondo-badge.way", {}, WAYS[opened.mode]),
    make("span.space"),
    quiet("Commands", () => desk.run("palette")),
    quiet("?", () => desk.run("help"), { "aria-label": "Keys" }),
    parts.close,
  );
}

/**
 * How far the review is and how one stands in it.
 * @param {Desk["parts"]} parts
 */
const standing = ({ progress, here, lease, unsaved, tally }) =>
  make("div.standing", {}, progress, here, make("span.space"), lease, unsaved, tally);

/**
 * The buttons below, with the keys that do the same.
 * @param {Desk} desk
 */
export function toolbar(desk) {
  const asks = desk.bindings.byName.has("question") && desk.opened.questions.some(({ is_active }) => is_active);
  return [...desk.mode.buttons, ...(asks ? [QUESTIONS] : []), ...MINOR].map(([name, label, kind]) => {
    const key = desk.bindings.first(name);
    const hint = key && kind !== "score" ? make("kbd", { "aria-hidden": "true" }, keyName(key)) : null;
    // A clicked button gives the focus back, or Enter would press it again.
    const press = (/** @type {any} */ event) => {
      if (event.detail) event.currentTarget.blur();
      desk.run(name);
    };
    /** @type {Record<string, any>} */
    const about = { type: "button", onclick: press, "data-command": name };
    if (key) about["aria-keyshortcuts"] = key.replace("Mod", "Control");
    return make(`button.action${kind ? `.${kind}` : ""}`, about, label, hint);
  });
}

/**
 * @param {string} label
 * @param {[value: string | number, text: string, isChosen: boolean][]} options
 * @param {(value: string) => void} change
 */
function select(label, options, change) {
  const made = make("select", {
    "aria-label": label,
    onchange: (/** @type {any} */ event) => change(event.target.value),
  });
  for (const [value, text, isChosen] of options) {
    const option = make("option", { value }, text);
    option.selected = isChosen;
    made.append(option);
  }
  return made;
}

/**
 * @param {Opened} opened
 * @returns {[value: number, text: string, isChosen: boolean][]}
 */
const rounds = ({ rounds: known, round }) =>
  known.map((one) => [one.id, `Round ${one.number}${one.is_open ? "" : " (not in review)"}`, one.id === round.id]);

/**
 * @param {Opened} opened
 * @returns {[value: string, text: string, isChosen: boolean][]}
 */
const orders = ({ order }) => ORDERS.map(([value, label]) => [value, label, value === order]);

/**
 * @param {Opened} opened
 * @param {Desk} desk
 */
function guidelines({ guidelines: text, shows }, desk) {
  const isOpen = window.innerWidth > 900 && shows.guidelines_open;
  const made = make(
    "details.guidelines",
    { open: isOpen },
    make("summary", {}, "Guidelines"),
    make("div.body", {}, ...desk.text(text)),
  );
  if (window.innerWidth > 900)
    made.addEventListener(
      "toggle",
      () => made.open !== desk.shows.guidelines_open && desk.show({ guidelines_open: made.open }),
    );
  return made;
}
