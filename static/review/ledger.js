// @ts-check
// What the person did on this page: it can be taken back, and where the server refuses it the item is as it was before.

export class Ledger {
  constructor() {
    /** In the order of doing. @type {Done[]} */
    this.done = [];
    /** What an undo on its way takes back, by the undo's client_id. @type {Map<string, Done>} */
    this.undone = new Map();
    /** The client_ids of what was done here. @type {Set<string>} */
    this.known = new Set();
    /** The item decided last. @type {Item | undefined} */
    this.last = undefined;
  }

  /** @param {string | null} clientId */
  find(clientId) {
    return this.done.find(({ client_id }) => client_id === clientId);
  }

  /** @param {Done} entry */
  add(entry) {
    this.known.add(entry.client_id);
    this.done.push(entry);
  }

  /**
   * What was done before the page was loaded: it is taken back last.
   * @param {Done} entry
   */
  addEarlier(entry) {
    this.known.add(entry.client_id);
    this.done.unshift(entry);
  }

  /** @param {Done} entry */
  forget(entry) {
    this.done = this.done.filter((other) => other !== entry);
  }

  /**
   * The act does not stand.
   * @param {Done} entry
   */
  revert(entry) {
    const { item, target, text, client_id, before } = entry;
    this.forget(entry);
    if (item.flag === client_id) item.flag = null;
    if (item.mine?.client_id === client_id) item.mine = before;
    if (text) target.edits = (target.edits || []).filter((edited) => edited !== text);
  }

  /**
   * The act stands after all.
   * @param {Done} entry
   */
  restore(entry) {
    const { kind, item, target, text, client_id, before, after } = entry;
    this.done.push(entry);
    if (kind === "flag") item.flag ||= client_id;
    else if ((item.mine || null) === before) item.mine = after || null;
    if (text) target.edits = [...(target.edits || []), text];
  }
}
