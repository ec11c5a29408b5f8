// @ts-check
// Answers on their way: which one stands for a question, and which one takes the place of another.

/** @typedef {{sample_id: number, question_id?: number}} Slot */

/**
 * Whether two acts answer the same question on the same sample.
 * @param {Act} act
 * @param {Slot} slot
 */
export const isOf = (act, { sample_id, question_id }) =>
  act.kind === "answer" && act.sample_id === sample_id && act.question_id === question_id;

/**
 * What is held although a later answer to the same question waits, or is held too.
 * @param {Act[]} held
 * @param {Act[]} waiting
 */
export const stale = (held, waiting) =>
  held.filter(
    (act, n) =>
      act.kind === "answer" &&
      [...held.slice(n + 1), ...waiting].some((later) => isOf(later, /** @type {Slot} */ (act))),
  );

/**
 * The answer to show: the last that waits in this browser, else what the server has.
 * @param {AnswerValue | null | undefined} stood
 * @param {Act[]} acts
 * @param {Slot} slot
 */
export function shownAnswer(stood, acts, slot) {
  const last = acts.filter((act) => isOf(act, slot)).at(-1);
  return last ? last.value : (stood ?? null);
}

/**
 * What the server has of the person's answers about a sample, as far as it is known here.
 * @param {Sample} item
 * @returns {AnswersGiven}
 */
export const stoodOf = (item) => (item.stood ||= { ...item.answers });

/**
 * The question after one that is left: without an answer and, where that one has none either, required, or further on.
 * -1 where there is none.
 * @param {Question[]} all
 * @param {AnswersGiven} answers
 * @param {number} at
 */
export function following(all, answers, at) {
  const places = all.map((_, n) => (at + 1 + n) % all.length).filter((n) => !answers[all[n].id]);
  return places.find((n) => answers[all[at].id] || n > at || all[n].is_required) ?? -1;
}

/**
 * The first required question without an answer; -1 where there is none.
 * @param {Question[]} all
 * @param {AnswersGiven} answers
 */
export const lacking = (all, answers = {}) => all.findIndex(({ id, is_required }) => is_required && !answers[id]);

/**
 * Show what waits in this browser, whatever the server knew when it gave the item; else what the server has.
 * @param {Sample} item
 * @param {number} question_id
 * @param {Act[]} acts
 */
export function settle(item, question_id, acts) {
  const value = shownAnswer(stoodOf(item)[question_id], acts, { sample_id: item.sample_id, question_id });
  item.answers ||= {};
  if (value) item.answers[question_id] = value;
  else delete item.answers[question_id];
}

/**
 * What is held need not be tried again where a later answer to the same question is here.
 * @param {import("./outbox.js").Outbox} outbox
 */
export function dropStale(outbox) {
  const acts = (/** @type {{act: Act}[]} */ entries) => entries.map(({ act }) => act);
  for (const { client_id } of stale(acts(outbox.held), acts(outbox.acts))) outbox.withdraw(client_id);
}

/**
 * The sample of a group that a decision puts first; none of a tie, and none where all are bad.
 * @param {Item} group
 * @param {any} value
 */
export const putFirst = (group, value) =>
  group.members?.find(({ sample_id }) => sample_id === (value?.best ?? value?.order?.[0]));

/**
 * The sample of this number among the items, alone or in its group.
 * @param {Item[]} items
 * @param {number} id
 * @returns {Sample | undefined}
 */
export const sampleIn = (items, id) =>
  items.flatMap((item) => item.members || [item]).find(({ sample_id }) => sample_id === id);

/**
 * Where a sample's text is shown: of a group in its column, below what was said before it.
 * @param {HTMLElement} answer
 * @param {Sample} sample
 * @returns {HTMLElement}
 */
export const textOf = (answer, { sample_id }) =>
  answer.querySelector(`.column[data-sample="${sample_id}"] .body > :is(.text, .markdown)`) || answer;
