// @ts-check
// Closing the review: first what it would do, then the act.

import { gettext, ngettext } from "../gettext.js";
import { closeDialog, figures, make, primaryButton } from "./elements.js";
import { refusal } from "./rest.js";

/**
 * What closing needs. `unsent()`: how many decisions are on their way. `closed()`: it is done.
 * @typedef {{review: import("./review.js").Review, rest: import("./rest.js").Rest,
 *   status: import("./status.js").Status, dialog: HTMLDialogElement, unsent: () => number,
 *   closed: () => void}} ClosingNeeds
 */

/** @param {ClosingNeeds} needs */
export async function askToClose(needs) {
  const { review, rest, status, dialog, unsent } = needs;
  const answer = await rest.get(`${review.address}/review/closing`);
  const problem = refusal(answer);
  if (problem) return status.say(problem);
  const waiting = unsent();
  const close = primaryButton(gettext("Close the review"), () => closeReview(needs));
  close.disabled = waiting > 0;
  const notYet = closeDialog(gettext("Not yet"));
  const lines = answer.lines.map((/** @type {string} */ line) => make("li", {}, line));
  const unsaved = ngettext(
    "{count} decision of yours not saved yet. Wait a moment.",
    "{count} decisions of yours not saved yet. Wait a moment.",
    waiting,
    { count: figures(waiting) },
  );
  dialog.replaceChildren(
    make("h2", {}, gettext("Close the review of round {number}?", { number: review.round.number })),
    make("ul", {}, ...lines),
    ...(waiting ? [make("p.rondo-problem", {}, unsaved)] : []),
    make("div.rondo-toolbar", {}, close, notYet),
  );
  dialog.showModal();
  // Enter must not end a review by the way.
  return notYet.querySelector("button")?.focus();
}

/** @param {ClosingNeeds} needs */
async function closeReview({ review, rest, status, dialog, closed }) {
  const answer = await rest.post(`${review.address}/review/close`);
  dialog.close();
  const problem = refusal(answer);
  if (problem) return status.say(problem);
  review.end();
  const link = make("a", { href: "jobs" }, gettext("See Jobs"));
  const text = gettext("The review is closed. Selection and training go on in the background.");
  status.say(`${text} `, { good: true, link });
  return closed();
}
