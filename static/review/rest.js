// @ts-check
// Rondo's REST interface, as the desk asks it: in the name of the person that the page was made for.

import { gettext } from "../gettext.js";

const BASE = "/api/v1";
const ANSWER_IN = 30000;
/** Failures that are of everything sent, and may pass. */
const OF_ALL = ["NotSignedIn", "Busy", "DatabaseLost", "InternalError", "MissingPrerequisite"];

export class Rest {
  /**
   * `me`: the person's number. The server refuses where somebody else has signed in in this browser since.
   * @param {number | null} me
   */
  constructor(me = null) {
    /** @type {Record<string, string>} */
    this.headers = {
      Accept: "application/json",
      "Content-Type": "application/json",
      ...(me === null ? {} : { "Rondo-User": String(me) }),
    };
  }

  /** @param {string} path */
  get(path) {
    return this.ask("GET", path);
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {RequestInit} more
   */
  post(path, body = {}, more = {}) {
    return this.ask("POST", path, body, more);
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  put(path, body) {
    return this.ask("PUT", path, body);
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  patch(path, body) {
    return this.ask("PATCH", path, body);
  }

  /**
   * Resolves to what the server answers, to {error: {type, message, retry_after}} where it refuses, and to undefined
   * where no answer comes, or none of Rondo's.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {RequestInit} more
   * @returns {Promise<any>}
   */
  async ask(method, path, body, more = {}) {
    try {
      const sent = {
        method,
        headers: this.headers,
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_IN),
        ...more,
      };
      const response = await fetch(BASE + path, sent);
      if (response.status === 204) return null;
      const answer = await response.json();
      return response.ok || answer.error ? answer : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Send answers and decisions, each where it belongs; answers first, since they came first. What was written before
   * is not written again. Resolves to what came of each, or to what `ask` does where nothing was taken.
   * @param {string} address of the round
   * @param {Act[]} acts
   */
  async sendActs(address, acts) {
    const isAnswer = (/** @type {Act} */ act) => act.kind === "answer";
    /** @type {any[]} */
    const outcomes = [];
    for (const [path, name, some] of /** @type {[string, string, Act[]][]} */ ([
      ["answers", "answers", acts.filter(isAnswer)],
      ["decisions", "decisions", acts.filter((act) => !isAnswer(act))],
    ])) {
      if (!some.length) continue;
      const sent = name === "answers" ? some.map(({ kind: _kind, ...answer }) => answer) : some;
      const answer = await this.post(`${address}/${path}`, { [name]: sent });
      if (!answer || OF_ALL.includes(answer.error?.type) || some.length === acts.length) {
        if (!answer || answer.error) return answer;
      }
      some.forEach((act, n) => (outcomes[acts.indexOf(act)] = answer.error ? { error: answer.error } : answer[n]));
    }
    return /** @type {any} */ (outcomes);
  }
}

/**
 * Why an answer is none, for people; empty where it is one. A proxy's error need not look like Rondo's.
 * @param {any} answer
 * @returns {string}
 */
export const refusal = (answer) =>
  !answer || answer.error ? answer?.error?.message || gettext("The server does not answer. Try again.") : "";

/**
 * An item as the desk keeps it: with `members` where it is a group, and `mine` where the person decided it before.
 * @param {any} item as the server sends it
 * @returns {Item}
 */
export function kept(item) {
  const { members, mine } = item;
  const saved = mine && {
    client_id: mine.client_id,
    kind: mine.kind,
    score: mine.score,
    value: mine.value,
    is_override: mine.is_override,
    late: mine.is_late,
    saved: true,
  };
  return { ...item, members: members.length ? members : null, mine: saved };
}
