// @ts-check
// What is said of the project's questions. `name`: what the sample of a group is called; empty where it is alone.

import { gettext } from "../gettext.js";

/**
 * Which question is open.
 * @param {{number: number, count: number, name: string, title: string}} values
 */
export const openWords = (values) =>
  values.name
    ? gettext("Question {number} of {count} about sample {name}: {title}", values)
    : gettext("Question {number} of {count}: {title}", values);

/**
 * What comes after the last question that wanted an answer.
 * @param {{isComplete: boolean, isWriting: boolean}} state
 */
export function doneWords({ isComplete, isWriting }) {
  if (isComplete)
    return isWriting
      ? gettext("All questions are answered: save what you write.")
      : gettext("All questions are answered: decide.");
  return isWriting
    ? gettext("No other question needs an answer: save what you write.")
    : gettext("No other question needs an answer: decide.");
}

/**
 * Why a verdict, or the beginning of an edit, has to wait.
 * @param {string} title
 * @param {string} name
 * @param {boolean} isEdit
 */
export function lackingWords(title, name, isEdit) {
  if (isEdit)
    return name
      ? gettext("“{title}” needs an answer about sample {name} first.", { title, name })
      : gettext("“{title}” needs an answer first.", { title });
  return name
    ? gettext("Not sent: “{title}” needs an answer about sample {name} first.", { title, name })
    : gettext("Not sent: “{title}” needs an answer first.", { title });
}

/**
 * What has to be answered before a choice is submitted. `key`: opens it.
 * @param {string} title
 * @param {string} key
 */
export const firstWords = (title, key) =>
  key ? gettext("Answer “{title}” first ({key}).", { title, key }) : gettext("Answer “{title}” first.", { title });
