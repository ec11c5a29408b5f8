// @ts-check
// <rondo-comments sample="12">: the comments at a sample, and a field for one's own. Texts go in by textContent.
(async () => {
  "use strict";
  const { gettext } = await window.rondoWords;
  const KEPT = "rondo.comment.";
  const MOST_NAMES = 6;
  const times = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

  /**
   * @typedef {{id: number, who: string, is_mine: boolean, text: string, at: string, edited_at: string | null}} Comment
   * @typedef {{entries: Comment[], is_hidden: boolean, people: string[]}} Thread
   */

  /**
   * @param {string} what tag and class
   * @param {string} [text]
   * @returns {any} an element of any kind
   */
  function make(what, text = "") {
    const [tag, name] = what.split(".");
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.textContent = text;
    return element;
  }

  /**
   * What the server answers, or {error} where it refuses or is away.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async function ask(method, path, body) {
    const me = /** @type {HTMLElement | null} */ (document.querySelector(".rondo-header"))?.dataset.me;
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    if (me) headers["Rondo-User"] = me;
    try {
      const response = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
      return response.status === 204 ? {} : await response.json();
    } catch {
      return { error: { message: gettext("The server does not answer. What you typed is kept here.") } };
    }
  }

  /** A field for a comment, in which @ offers names. */
  class Field {
    /**
     * @param {string} label
     * @param {string} text
     * @param {() => string[]} people
     * @param {() => void} save
     */
    constructor(label, text, people, save) {
      this.people = people;
      this.box = make("textarea");
      this.box.rows = 2;
      this.box.maxLength = 4000;
      this.box.dir = "auto";
      this.box.value = text;
      this.box.setAttribute("aria-label", label);
      this.names = make("p.names");
      this.names.hidden = true;
      this.names.setAttribute("role", "group");
      this.names.setAttribute("aria-label", gettext("People to mention"));
      this.box.addEventListener("input", () => this.offer());
      this.box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
        const first = this.names.hidden ? null : this.names.querySelector("button");
        if (first && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) first.click();
        else if (first && event.key === "Escape") this.names.hidden = true;
        else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
        else return;
        event.preventDefault();
      });
    }

    /** What is typed of a name before the cursor; null where none is begun. */
    begun() {
      const before = this.box.value.slice(0, this.box.selectionStart);
      return /(?:^|[^\p{L}\p{N}])@([^@\n]{0,80})$/u.exec(before)?.[1] ?? null;
    }

    offer() {
      const begun = this.begun()?.toLowerCase();
      /** @param {string} name */
      const fitting = (name) => name.toLowerCase().startsWith(begun ?? "") && name.toLowerCase() !== begun;
      const names = begun === undefined ? [] : this.people().filter(fitting).slice(0, MOST_NAMES);
      this.names.replaceChildren(
        ...names.map((name) => {
          const button = make("button.rondo-quiet", `@${name}`);
          button.type = "button";
          button.addEventListener("click", () => this.take(name));
          return button;
        }),
      );
      this.names.hidden = !names.length;
    }

    /** @param {string} name */
    take(name) {
      const at = this.box.selectionStart - (this.begun() ?? "").length;
      this.box.setRangeText(`${name} `, at, this.box.selectionStart, "end");
      this.names.hidden = true;
      this.box.focus();
      this.box.dispatchEvent(new Event("input", { bubbles: true }));
      this.names.hidden = true;
    }
  }

  class Comments extends HTMLElement {
    static observedAttributes = ["sample"];
    /** @type {string[]} */
    people = [];
    isBuilt = false;
    list = make("ol");
    state = make("p.rondo-muted");
    button = this.act(gettext("Comment"), () => this.send());
    field = new Field(
      gettext("Your comment"),
      "",
      () => this.people,
      () => this.send(),
    );

    connectedCallback() {
      if (!this.isBuilt) this.build();
      this.open();
    }

    attributeChangedCallback() {
      if (this.isConnected && this.isBuilt) this.open();
    }

    build() {
      this.isBuilt = true;
      this.state.setAttribute("role", "status");
      this.field.box.placeholder = gettext("Comment; @name tells a colleague");
      this.field.box.addEventListener("input", () => this.keep(this.field.box.value));
      this.replaceChildren(this.list, this.state, this.field.box, this.field.names, this.button);
      // The desk's keys are letters.
      this.addEventListener("keydown", (event) => event.stopPropagation());
    }

    get sample() {
      return this.getAttribute("sample") || "";
    }

    /** @param {string} [text] */
    keep(text) {
      if (text) sessionStorage.setItem(KEPT + this.sample, text);
      else sessionStorage.removeItem(KEPT + this.sample);
    }

    /** Another sample is shown: its thread, and what was typed for it before. */
    open() {
      this.list.replaceChildren();
      this.state.textContent = "";
      this.field.box.value = (this.sample && sessionStorage.getItem(KEPT + this.sample)) || "";
      this.field.names.hidden = true;
      this.load();
    }

    /** Draw the thread as it is now; what is being typed stays. */
    async load() {
      const { sample } = this;
      if (!sample) return;
      const answer = await ask("GET", `/samples/${sample}/comments`);
      if (sample === this.sample && !this.list.querySelector("textarea")) this.draw(answer);
    }

    /** @param {Thread & {error?: {message: string}}} thread */
    draw(thread) {
      const { error, entries = [], is_hidden: isHidden, people = [] } = thread;
      this.people = people;
      this.list.replaceChildren(...entries.map((comment) => this.row(comment)));
      const words = isHidden
        ? gettext("Colleagues' comments are shown after your decision.")
        : gettext("No comments yet.");
      this.state.textContent = error ? error.message : isHidden || !entries.length ? words : "";
    }

    /** @param {Comment} comment */
    row(comment) {
      const row = make("li");
      const text = make("p.words", comment.text);
      text.dir = "auto";
      const time = times.format(new Date(comment.at));
      const at = comment.edited_at ? gettext("{time}, edited", { time }) : time;
      row.append(make("b", comment.who), " ", make("span.rondo-muted", at), text);
      if (!comment.is_mine) return row;
      const acts = [
        this.act(gettext("Edit"), () => this.edit(row, comment)),
        " ",
        this.act(gettext("Delete"), () => this.drop(comment)),
      ];
      row.append(...acts);
      return row;
    }

    /**
     * @param {string} name
     * @param {() => void} onclick
     */
    act(name, onclick) {
      const button = make("button.rondo-quiet", name);
      button.type = "button";
      button.addEventListener("click", onclick);
      return button;
    }

    /**
     * @param {HTMLElement} row
     * @param {Comment} comment
     */
    edit(row, comment) {
      const save = () => this.change("PATCH", `/comments/${comment.id}`, { text: field.box.value }, row);
      const field = new Field(gettext("Edit your comment"), comment.text, () => this.people, save);
      const leave = () => row.replaceWith(this.row(comment));
      row.replaceChildren(
        field.box,
        field.names,
        this.act(gettext("Save"), save),
        " ",
        this.act(gettext("Leave"), leave),
      );
      field.box.focus();
    }

    /** @param {Comment} comment */
    drop(comment) {
      this.change("DELETE", `/comments/${comment.id}`);
    }

    async send() {
      const text = this.field.box.value;
      const { sample } = this;
      if (!text.trim() || this.button.disabled) return;
      this.button.disabled = true;
      const isWritten = await this.change("POST", `/samples/${sample}/comments`, { text });
      this.button.disabled = false;
      if (!isWritten) return;
      sessionStorage.removeItem(KEPT + sample);
      if (sample === this.sample) this.field.box.value = "";
    }

    /**
     * Resolves to whether the server did it; then the thread is drawn anew.
     * @param {string} method
     * @param {string} path
     * @param {object} [body]
     * @param {HTMLElement} [row] that is being edited
     */
    async change(method, path, body, row) {
      const answer = await ask(method, path, body);
      if (answer.error) {
        this.state.textContent = answer.error.message;
        return false;
      }
      row?.remove();
      await this.load();
      return true;
    }
  }

  customElements.define("rondo-comments", Comments);
})();
