// Rondo's REST interface, as the desk asks it: in the name of the person that the page was made for.

const BASE = "/api/v1";
const ANSWER_IN = 30000;

export class Rest {
  /** `me`: the person's number. The server refuses where somebody else has signed in in this browser since. */
  constructor(me = null) {
    this.headers = {
      Accept: "application/json",
      "Content-Type": "application/json",
      ...(me === null ? {} : { "Rondo-User": String(me) }),
    };
  }

  get(path) {
    return this.ask("GET", path);
  }

  post(path, body = {}, more = {}) {
    return this.ask("POST", path, body, more);
  }

  put(path, body) {
    return this.ask("PUT", path, body);
  }

  patch(path, body) {
    return this.ask("PATCH", path, body);
  }

  /**
   * Resolves to what the server answers, to {error: {type, message, retry_after}} where it refuses, and to undefined
   * where no answer comes, or none of Rondo's.
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
}

/** An item as the desk keeps it: with `members` where it is a group, and `mine` where the person decided it before. */
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
