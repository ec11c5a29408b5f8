// @ts-check
// The texts of an item that can be compared.

import { gettext } from "../gettext.js";

/**
 * What an item's texts are called and say, those one most likely wants first. `title(n)`: what the n-th sample of a
 * group is called. `written`: what is being written now. `pick`: what was chosen of a group.
 * @param {Item} item
 * @param {{title: (n: number) => string, written: string, pick: Choice | undefined}} how
 */
export function textsOf({ members, ...item }, { title, written, pick }) {
  const some = members
    ? members.map((member, n) => withRewrites(member, gettext("Sample {name}", { name: title(n) })))
    : [withRewrites(item, gettext("The sample"))];
  const all = some.sort((a, b) => Number(b.length > 1) - Number(a.length > 1)).flat();
  if (written) all.splice(1, 0, [gettext("What you write"), written]);
  const wanted =
    members &&
    pick &&
    [pick.best, pick.worst].map((id) => id && members.find(({ sample_id }) => sample_id === id)?.text);
  if (wanted && wanted[0] && wanted[1])
    all.sort((a, b) => Number(wanted.includes(b[1])) - Number(wanted.includes(a[1])));
  return all;
}

/**
 * A sample's text, and what the model and the person made of it.
 * @param {Sample} sample
 * @param {string} name
 * @returns {[name: string, text: string][]}
 */
const withRewrites = ({ text, repairs = [], edits = [] }, name) => [
  [name, text],
  ...repairs.map((repair, n) => titled(gettext("{name}, repair {number}", { name, number: n + 1 }), repair.text)),
  ...edits.map((edited, n) => titled(gettext("{name}, your edit {number}", { name, number: n + 1 }), edited)),
];

/** @type {(name: string, text: string) => [name: string, text: string]} */
const titled = (name, text) => [name, text];
