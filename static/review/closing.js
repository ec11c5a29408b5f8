// @ts-check
// Closing the review: first what it would do, then the act.

import { closeDialog, make, plural } from "./elements.js";
import { refusal } from "./rest.js";

/** @param {Desk} desk */
export async function askToClose(desk) {
  const answer = await desk.rest.get(`${desk.address}/review/closing`);
  const dialog = desk.parts.closing;
  const problem = refusal(answer);
  if (problem) return desk.say(problem);
  const waiting = desk.outbox.size;
  const close = make("button.rondo-primary", { type: "button", onclick: () => closeReview(desk) }, "Close the review");
  close.disabled = waiting > 0;
  const notYet = closeDialog("Not yet");
  const lines = answer.lines.map((/** @type {string} */ line) => make("li", {}, line));
  dialog.replaceChildren(
    make("h2", {}, `Close the review of round ${desk.round.number}?`),
    make("ul", {}, ...lines),
    make("div.rondo-toolbar", {}, close, notYet),
  );
  if (waiting)
    dialog.lastChild.before(
      make("p.rondo-problem", {}, `${plural(waiting, "decision")} of yours not saved yet. Wait a moment.`),
    );
  dialog.showModal();
  // Enter must not end a review by the way.
  return notYet.querySelector("button").focus();
}

/** @param {Desk} desk */
async function closeReview(desk) {
  const answer = await desk.rest.post(`${desk.address}/review/close`);
  desk.parts.closing.close();
  const problem = refusal(answer);
  if (problem) return desk.say(problem);
  desk.round.is_open = false;
  const link = make("a", { href: "jobs" }, "See Jobs");
  desk.say("The review is closed. Selection and training go on in the background. ", { good: true, link });
  return desk.paint();
}
