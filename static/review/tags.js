// @ts-check
// Tags of a sample: short words by which people find it again, typed with commas between them.

import { gettext } from "../gettext.js";
import { make, onTextKeys, primaryButton, quietButton } from "./elements.js";
import { refusal } from "./rest.js";

/**
 * @param {string} line
 * @returns {string[]}
 */
const read = (line) => [...new Set(line.split(",").map((tag) => tag.trim().toLowerCase()))].filter(Boolean);

/** The last change on its way: what a sample has is asked for after it. @type {Promise<unknown>} */
let saving = Promise.resolve();

/**
 * Change the tags of a sample; the item stays on screen. Those that it has, and those of the round, are asked for once
 * the box is open, and they are saved once it is closed, so that no key waits for the server.
 * @param {{review: import("./review.js").Review, rest: import("./rest.js").Rest, work: import("./work.js").Work,
 *   status: import("./status.js").Status}} needs
 * @param {Sample} target
 * @param {{typed?: string, had?: string[] | null}} [refused] what was not saved just now, and what the sample had then
 */
export function writeTags(needs, target, { typed = "", had = null } = {}) {
  const { review, rest, work, status } = needs;
  const path = `/samples/${target.sample_id}/tags`;
  const known = make("datalist", { id: "review-known-tags" });
  const others = make("p.rondo-muted", { hidden: true });
  const box = make("input", {
    type: "text",
    value: typed,
    maxLength: 450,
    dir: "auto",
    placeholder: gettext("Tags, with commas between them"),
    "aria-label": gettext("Tags, with commas between them"),
  });
  box.setAttribute("list", known.id);
  const ask = async () => {
    await saving;
    const answer = await rest.get(path);
    const why = refusal(answer);
    if (why) status.say(why);
    if (why) return null;
    /** Who may close the review takes everybody's tags away. @type {string[]} */
    const own = review.round.can_close ? answer.tags : answer.own;
    const theirs = answer.tags.filter((/** @type {string} */ tag) => !own.includes(tag));
    others.hidden = !theirs.length;
    if (theirs.length) others.textContent = gettext("Colleagues' tags: {tags}", { tags: theirs.join(", ") });
    putBefore(box, own);
    return own;
  };
  const before = had ? Promise.resolve(had) : ask();
  const suggest = async () => {
    const answer = await rest.get(`${review.address}/filter-choices`);
    if (refusal(answer)) return;
    known.replaceChildren(...answer.tags.map((/** @type {any} */ { tag }) => make("option", { value: tag })));
  };
  const isHere = () => {
    const item = work.shown();
    return (item?.members || [item]).some((sample) => sample?.sample_id === target.sample_id);
  };
  const write = async () => {
    const own = await before;
    const wanted = read(box.value);
    const add = wanted.filter((tag) => !own?.includes(tag));
    const remove = own?.filter((tag) => !wanted.includes(tag)) || [];
    if (!add.length && !remove.length) return undefined;
    const why = own && refusal(await rest.post(path, { add, remove }));
    if (why === "") return isHere() && status.hint(gettext("The tags are saved."));
    if (isHere() && review.isOpen && !work.isBegun) {
      if (why) status.say(why);
      return writeTags(needs, target, { typed: box.value, had: own });
    }
    const values = { id: target.sample_id, tags: wanted.join(", ") };
    const lost = gettext("Tags of sample {id} that are not saved: {tags}", values);
    return status.say(why ? `${why} ${lost}` : lost);
  };
  const leave = () => work.end();
  const save = () => {
    leave();
    saving = write();
  };
  box.addEventListener("keydown", (event) => {
    // With Ctrl or Cmd it is `onTextKeys` that saves.
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    save();
  });
  onTextKeys(box, { save, leave });
  const buttons = [primaryButton(gettext("Save the tags"), save), quietButton(gettext("Leave"), leave)];
  work.begin([box, known, others, make("p.rondo-toolbar", {}, ...buttons)]);
  box.focus();
  suggest();
}

/**
 * Put tags before what is being typed, which stays as it is: a comma just typed, and the place in it.
 * @param {HTMLInputElement} box
 * @param {string[]} tags
 */
function putBefore(box, tags) {
  const left = box.value.length - (box.selectionEnd ?? box.value.length);
  box.value = [...tags, box.value].join(", ");
  const at = box.value.length - left;
  box.setSelectionRange(at, at);
}
