// @ts-check
// What the palette offers besides the actions that have keys.

import { gettext } from "../gettext.js";

/** @typedef {import("./palette.js").Command} Command */

/**
 * @param {{actions: import("./keys.js").Action[], orders: HTMLSelectElement, rounds: HTMLSelectElement,
 *   run: (name: string) => unknown, changeKeys: () => void, switchGrey: (() => void) | null,
 *   close: (() => unknown) | null, setOrder: (order: string) => void, goToRound: (id: string) => void}} needs
 *   what cannot be done now is null
 * @returns {Command[]}
 */
export function paletteCommands({ actions, orders, rounds, run, changeKeys, switchGrey, close, ...ways }) {
  /** @type {(label: string, run: () => unknown) => Command} */
  const command = (label, act) => ({ label, keys: [], run: act });
  return [
    ...actions.map(({ name, label, keys }) => ({ label, keys, run: () => run(name) })),
    command(gettext("Change keys"), changeKeys),
    ...(switchGrey ? [command(gettext("Grey what all columns share, or show it"), switchGrey)] : []),
    ...(close ? [command(gettext("Close the review"), close)] : []),
    ...[...orders.options].map(({ value, text: name }) =>
      command(gettext("Order: {name}", { name }), () => ways.setOrder(value)),
    ),
    ...[...rounds.options].map(({ value, text: name }) =>
      command(gettext("Go to: {name}", { name }), () => ways.goToRound(value)),
    ),
  ];
}
