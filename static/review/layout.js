// @ts-check
// The desk's fixed parts, made once. Painting an item fills them.

import { gettext } from "../gettext.js";
import { keyHint, make, quietButton } from "./elements.js";

/** @type {[value: string, label: string][]} */
const ORDERS = [
  ["informativeness", gettext("Most informative first")],
  ["sequential", gettext("In order")],
  ["random", gettext("Random")],
  ["disagreement", gettext("Judge contradicts itself")],
];
/** @type {ButtonOf[]} */
const MINOR = [
  ["edit", gettext("Edit"), "minor"],
  ["repair", gettext("Repair"), "minor"],
  ["note", gettext("Note"), "minor"],
  ["flag", gettext("Flag"), "minor"],
  ["skip", gettext("Skip"), ""],
  ["undo", gettext("Undo"), ""],
  ["previous", gettext("Back"), "minor"],
  ["next", gettext("Next"), "minor"],
];
/** @type {ButtonOf} */
const QUESTIONS = ["question", gettext("Questions"), "minor"];
const WAYS = {
  sample: gettext("One sample"),
  group: gettext("Side by side"),
  pair: gettext("A or B"),
  judgment: gettext("Is the judge right?"),
};

/**
 * Whether people see the judge's view before they decide, and what their decisions are good for. Nothing where it is
 * what they decide on.
 * @param {Opened} opened
 */
function seeing({ mode, round }) {
  if (mode === "judgment") return null;
  const [words, title] = !round.is_blind
    ? [gettext("judge shown"), gettext("The judge's view is shown before you decide.")]
    : round.counts_as_blind
      ? [gettext("blind"), gettext("The judge's view is hidden until you decide on an item.")]
      : [
          gettext("judge hidden"),
          gettext(
            "The judge's view is hidden until you decide on an item. In a branch, and in a review that was opened again, " +
              "decisions do not count as blind.",
          ),
        ];
  return make("span.rondo-badge.seeing", { title }, words);
}

/**
 * What is done by what stands on the page besides the items. `text(value)`: the nodes of a text. `close()` begins to
 * close the review, `show(changes)` changes how things are shown.
 * @typedef {{run: (name: string) => unknown, goToRound: (id: string) => void, setOrder: (order: string) => void,
 *   close: () => unknown, show: (changes: object) => void, text: (value: string) => HTMLElement[]}} LayoutNeeds
 */

/**
 * @param {HTMLElement} element
 * @param {Opened} opened
 * @param {LayoutNeeds} needs
 * @returns {Parts}
 */
export function layout(element, opened, needs) {
  const parts = {
    unsaved: make("span.unsaved", { role: "status" }),
    tally: make("span.tally"),
    progress: make("span.rondo-muted.progress"),
    here: make("span.rondo-muted.here"),
    lease: make("span.lease"),
    advice: make("p.rondo-muted.advice", { hidden: true }, opened.advice),
    spoken: make("p.spoken", { role: "status" }),
    message: make("div.message", { hidden: true, role: "alert" }),
    otherRounds: make("div.other-rounds.rondo-problem", { hidden: true, role: "status" }),
    outcomes: make("div.outcomes.rondo-problem", { hidden: true, role: "alert" }),
    find: make("div.find.rondo-toolbar", { hidden: true, role: "search" }),
    prompt: make("div.prompt"),
    answer: make("article.answer", { tabIndex: -1, "aria-label": gettext("What to decide") }),
    work: make("section.work", { hidden: true, "aria-label": gettext("Editing") }),
    compare: make("section.compare", { hidden: true, "aria-label": gettext("Comparison") }),
    facts: make("p.facts.rondo-muted"),
    mine: make("p.mine", { role: "status" }),
    assist: make("section.assist", { "aria-label": gettext("The judge") }),
    revealed: make("section.reveal", { "aria-live": "polite", "aria-label": gettext("The last decision") }),
    history: make("details.history", {}, make("summary", {}, gettext("Notes and history"))),
    comments: make("details.history.comments", {}, make("summary", {}, gettext("Comments"))),
    chain: make(
      "details.history.chain",
      { hidden: !opened.round.has_chain },
      make("summary", {}, gettext("Where it came from, what was said of it")),
    ),
    actions: make("div.actions", { role: "toolbar", "aria-label": gettext("Decide") }),
    help: make("dialog.help", { "aria-label": gettext("Keys") }),
    closing: make("dialog.closing", { "aria-label": gettext("Close the review") }),
    palette: make("dialog.palette", { "aria-label": gettext("All commands") }),
    round: select(gettext("Round"), rounds(opened), needs.goToRound),
    order: select(gettext("Order"), orders(opened), needs.setOrder),
    close: opened.round.can_close ? closeButton(needs) : null,
    guidelines: opened.guidelines ? guidelines(opened, needs) : null,
  };
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
  const desk = make(
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
    bar(parts, opened, needs),
    standing(parts),
    parts.advice,
    parts.otherRounds,
    parts.message,
    parts.outcomes,
    parts.spoken,
    desk,
    below,
    parts.help,
    parts.closing,
    parts.palette,
  );
  return { ...parts, desk };
}

/** @param {LayoutNeeds} needs */
const closeButton = ({ close }) => quietButton(gettext("Close review…"), close, { className: "rondo-quiet close" });

/**
 * @param {Omit<Parts, "desk">} parts
 * @param {Opened} opened
 * @param {LayoutNeeds} needs
 */
function bar(parts, opened, { run }) {
  return make(
    "div.bar",
    {},
    parts.round,
    parts.order,
    make("span.rondo-badge.way", {}, WAYS[opened.mode]),
    seeing(opened),
    make("span.space"),
    quietButton(gettext("Commands"), () => run("palette")),
    quietButton("?", () => run("help"), { "aria-label": gettext("Keys") }),
    parts.close,
  );
}

/**
 * How far the review is and how one stands in it.
 * @param {Omit<Parts, "desk">} parts
 */
const standing = ({ progress, here, lease, unsaved, tally }) =>
  make("div.standing", {}, progress, here, make("span.space"), lease, unsaved, tally);

/**
 * The buttons below, with the keys that do the same. `hasQuestions`: whether the project asks its own.
 * @param {import("./keys.js").Bindings} bindings
 * @param {ButtonOf[]} buttons those of the mode
 * @param {{hasQuestions: boolean, run: (name: string) => unknown}} how
 * @returns {HTMLElement[]}
 */
export function toolbar(bindings, buttons, { hasQuestions, run }) {
  const asks = bindings.byName.has("question") && hasQuestions;
  return [...buttons, ...(asks ? [QUESTIONS] : []), ...MINOR].map(([name, label, kind]) => {
    const key = bindings.first(name);
    const hint = kind === "score" ? null : keyHint(key);
    // A clicked button gives the focus back, or Enter would press it again.
    const press = (/** @type {MouseEvent} */ event) => {
      if (event.detail) /** @type {HTMLElement} */ (event.currentTarget).blur();
      run(name);
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
  const list = make("select", { "aria-label": label });
  list.addEventListener("change", () => change(list.value));
  for (const [value, text, isChosen] of options) {
    const option = make("option", { value }, text);
    option.selected = isChosen;
    list.append(option);
  }
  return list;
}

/**
 * @param {Opened} opened
 * @returns {[value: number, text: string, isChosen: boolean][]}
 */
const rounds = ({ rounds: known, round }) =>
  known.map(({ id, number, is_open }) => [
    id,
    is_open ? gettext("Round {number}", { number }) : gettext("Round {number} (not in review)", { number }),
    id === round.id,
  ]);

/**
 * @param {Opened} opened
 * @returns {[value: string, text: string, isChosen: boolean][]}
 */
const orders = ({ order }) => ORDERS.map(([value, label]) => [value, label, value === order]);

/**
 * @param {Opened} opened
 * @param {LayoutNeeds} needs
 */
function guidelines({ guidelines: words, shows }, { text, show }) {
  const isOpen = window.innerWidth > 900 && shows.guidelines_open;
  const place = make(
    "details.guidelines",
    { open: isOpen },
    make("summary", {}, gettext("Guidelines")),
    make("div.body", {}, ...text(words)),
  );
  if (window.innerWidth > 900)
    place.addEventListener(
      "toggle",
      () => place.open !== shows.guidelines_open && show({ guidelines_open: place.open }),
    );
  return place;
}
