// @ts-check
// What the desk shows where there is nothing to decide: why, and the ways on.

import { gettext, ngettext } from "../gettext.js";
import { figures, make, primaryButton } from "./elements.js";

/** @typedef {import("./review.js").Review} Review */
/** @typedef {import("./queue.js").Queue} Queue */

/**
 * Why there is no item, and what to do.
 * @param {Review} review
 * @param {Queue} queue
 * @returns {[title: string, text: string]}
 */
export function whyEmpty({ round }, queue) {
  if (!round.is_open)
    return [
      gettext("This round is not in review."),
      gettext("{why} Choose a round that is in review, or launch one with review on.", { why: round.why_closed }),
    ];
  if (queue.isLost)
    return [
      queue.problem || gettext("The server does not answer."),
      gettext("Trying again. What you decided is kept in this browser."),
    ];
  if (queue.isOver) return [queue.problem, gettext("Once more is asked of you, reload the page.")];
  if (!queue.isDry) return [gettext("Fetching samples…"), ""];
  return [
    gettext("Nothing is left to decide in this order."),
    round.can_close
      ? gettext("Choose another order, or close the review. What colleagues hold comes back here if they leave it.")
      : gettext(
          "Choose another order, or ask a curator to close the review. What colleagues hold comes back here if they leave it.",
        ),
  ];
}

/**
 * `goTo(item)` puts an item on screen that was passed.
 * @param {Review} review
 * @param {Queue} queue
 * @param {{isGroups: boolean, goTo: (item: Item) => void}} how
 * @returns {HTMLElement}
 */
export function emptyPlace(review, queue, { isGroups, goTo }) {
  const [title, text] = whyEmpty(review, queue);
  const { passed } = queue;
  const isBack = passed.length > 0 && !queue.isLost && review.isOpen;
  return make(
    "div.rondo-empty",
    {},
    make("p", {}, make("b", {}, title)),
    make("p", {}, text),
    isBack ? wayBack(passed, isGroups, goTo) : null,
    review.isOpen ? null : waysOn(),
  );
}

/**
 * To what was passed with the arrows: it is still reserved, and still to be decided.
 * @param {Item[]} passed
 * @param {boolean} isGroups
 * @param {(item: Item) => void} goTo
 */
function wayBack(passed, isGroups, goTo) {
  const { length } = passed;
  const count = figures(length);
  const text = isGroups
    ? ngettext(
        "You passed {count} group without a decision; reserved for you, and still to be decided.",
        "You passed {count} groups without a decision; reserved for you, and still to be decided.",
        length,
        { count },
      )
    : ngettext(
        "You passed {count} sample without a decision; reserved for you, and still to be decided.",
        "You passed {count} samples without a decision; reserved for you, and still to be decided.",
        length,
        { count },
      );
  const label = length === 1 ? gettext("Go to it") : gettext("Go to the first of them");
  return make(
    "p",
    {},
    `${text} `,
    primaryButton(label, () => goTo(passed[0])),
  );
}

/** Where a round that is not in review goes on. */
const waysOn = () =>
  make("p", {}, make("a", { href: "./" }, gettext("Overview")), " · ", make("a", { href: "jobs" }, gettext("Jobs")));
