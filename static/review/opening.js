// @ts-check
// Opening the desk: asking the server for it until it is there, or saying why there is none.

import { gettext } from "../gettext.js";
import { make, within } from "./elements.js";
import { OtherRounds } from "./other_rounds.js";
import { Rest } from "./rest.js";
import { load } from "./text.js";

const ANSWER_IN = 30000;
/** Failures that pass: the same question may be answered a little later. */
const PASSING = new Set(["Busy", "DatabaseLost", "InternalError"]);
const ASK_AGAIN_IN = 2000;

/**
 * Resolves to what `begin` makes of the desk that the server opens; to nothing where there is none for this person.
 * @param {HTMLElement} element
 * @param {(opened: Opened) => Promise<void>} begin
 */
export async function openDesk(element, begin) {
  const asked = new URLSearchParams(location.search).get("round") || "";
  // The project stands in the page's address, /p/NAME/review.
  const project = location.pathname.split("/")[2];
  const rest = new Rest();
  // Without the parser texts are shown raw.
  await within(
    ANSWER_IN,
    load().catch(() => {}),
  );
  for (;;) {
    const opened = await rest.get(`/projects/named/${project}/review?round=${encodeURIComponent(asked)}`);
    if (opened?.desk) {
      const { me, rounds, desk } = opened;
      const stored = localStorage.getItem("rondo.review.order");
      const order = desk.orders.includes(stored) ? stored : "worth";
      return begin({ ...desk, me, rounds, order });
    }
    const mayCome = !opened || PASSING.has(opened.error?.type);
    // Without a desk nobody takes them up.
    if (!mayCome) window.rondoEarlyKeys?.();
    const why = opened?.error ? opened.error.message : opened?.empty || gettext("The server does not answer.");
    const words = mayCome ? gettext("{why} Trying again.", { why }) : why;
    const otherRounds = make("div.other-rounds.rondo-problem", { hidden: true, role: "status" });
    element.replaceChildren(otherRounds, make("div.rondo-empty", {}, make("p", {}, words)));
    if (opened?.me) new OtherRounds(otherRounds, { me: opened.me, rounds: opened.rounds, mayDecide: false });
    if (!mayCome) return undefined;
    await new Promise((later) => setTimeout(later, ASK_AGAIN_IN));
  }
}
