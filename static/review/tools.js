// @ts-check
// What stands beside the item or is opened over it: search, comparison, history, comments, chain, commands, keys.

import { Chain } from "./chain.js";
import { Compare } from "./compare.js";
import { Find } from "./find.js";
import { Help } from "./help.js";
import { History } from "./notes.js";
import { Outcomes } from "./outcomes.js";
import { Palette } from "./palette.js";
import { Thread } from "./thread.js";

/**
 * What the tools need. `title(n)`: what the n-th sample of a group is called. `knows(name)`: whether an action means
 * something in the mode. `texts()`: what can be compared. `unfold()` shows long texts whole. `rebound()`: keys were
 * changed. `reopen(act)` goes on with a text that was refused, where `mayEdit()`.
 * @typedef {{parts: Parts, rest: import("./rest.js").Rest, bindings: import("./keys.js").Bindings,
 *   title: (n: number) => string, knows: (name: string) => boolean, texts: () => [name: string, text: string][],
 *   unfold: () => void, commands: () => import("./palette.js").Command[], rebound: () => void,
 *   reopen: (act: {sample_id: number, text?: string, note?: string}) => void, mayEdit: () => boolean}} ToolNeeds
 */

/** @param {ToolNeeds} needs */
export function tools({ parts, rest, bindings, title, knows, texts, unfold, commands, rebound, reopen, mayEdit }) {
  return {
    compare: new Compare(parts.compare, texts),
    find: new Find(parts.find, { inside: () => [parts.prompt, parts.answer, parts.assist], unfold }),
    history: new History(parts.history, rest, title),
    comments: new Thread(parts.comments),
    chain: new Chain(parts.chain, rest, title),
    palette: new Palette(parts.palette, commands),
    help: new Help(parts.help, bindings, {
      save: (keys) => rest.put("/me/review/keys", { keys }),
      changed: rebound,
      knows,
    }),
    outcomes: new Outcomes(parts.outcomes, { reopen, mayEdit }),
  };
}
