// @ts-check
// Times as everywhere in Rondo: in the browser's zone, "28 Nov 2026, 14:05"; app/widgets/times.py writes the same.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/** @param {Date} at */
export const clock = (at) => `${two(at.getHours())}:${two(at.getMinutes())}`;
/** @param {Date} at */
export const moment = (at) => `${at.getDate()} ${MONTHS[at.getMonth()]} ${at.getFullYear()}, ${clock(at)}`;

/**
 * The time of day, with the day where that is not today.
 * @param {Date} at
 */
export const soon = (at) => (at.toDateString() === new Date().toDateString() ? clock(at) : moment(at));
