// @ts-check
// Tags of a sample: short words by which people find it again, typed with commas between them.

import { gettext } from "../gettext.js";
import { make, onTextKeys } from "./elements.js";
import { refusal } from "./rest.js";

/**
 * @param {string} line
 * @returns {string[]}
 */
const read = (line) => [...new Set(line.split(",").map((tag) => tag.trim().toLowerCase()))].filter(Boolean);

/**
 * Change the tags of a sample; the item stays on screen. Those that it has, and those of the round, are asked for once
 * the box is open, so that opening it waits for nobody.
 * @param {{review: import("./review.js").Review, rest: import("./rest.js").Rest, work: import("./work.js").Work,
 *   status: import("./status.js").Status}} needs
 * @param {Sample} target
 */
export function writeTags({ review, rest, work, status }, target) {
  const path = `/samples/${target.sample_id}/tags`;
  const known = make("datalist", { id: "review-known-tags" });
  const box = make("input", {
    type: "text",
    maxLength: 450,
    dir: "auto",
    placeholder: gettext("Tags, with commas between them"),
    "aria-label": gettext("Tags, with commas between them"),
  });
  box.setAttribute("list", known.id);
  /** What the sample had when it was asked. @type {Promise<string[] | null>} */
  const before = rest.get(path).then((answer) => {
    const why = refusal(answer);
    if (why) status.say(why);
    if (why) return null;
    box.value = [...answer.tags, ...read(box.value)].join(", ");
    return answer.tags;
  });
  const suggest = async () => {
    const answer = await rest.get(`${review.address}/filter-choices`);
    if (refusal(answer)) return;
    known.replaceChildren(...answer.tags.map((/** @type {any} */ { tag }) => make("option", { value: tag })));
  };
  const leave = () => work.end();
  const save = async () => {
    const had = await before;
    if (!had || !box.isConnected) return;
    const wanted = read(box.value);
    const add = wanted.filter((tag) => !had.includes(tag));
    const remove = had.filter((tag) => !wanted.includes(tag));
    if (!add.length && !remove.length) return leave();
    const why = refusal(await rest.post(path, { add, remove }));
    if (why) return status.say(why);
    if (box.isConnected) leave();
    return status.hint(gettext("The tags are saved."));
  };
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    save();
  });
  onTextKeys(box, { save, leave });
  /** @type {(kind: string, label: string, onclick: () => unknown) => Node} */
  const button = (kind, label, onclick) => make(`button.${kind}`, { type: "button", onclick }, label);
  const buttons = [
    button("rondo-primary", gettext("Save the tags"), save),
    button("rondo-quiet", gettext("Leave"), leave),
  ];
  work.begin([box, known, make("p.rondo-toolbar", {}, ...buttons)]);
  box.focus();
  suggest();
}
