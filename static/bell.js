// @ts-check
// The bell: how many notices are unread, and the browser's own notifications where the person allowed them.
//
// Nothing is asked for by a clock of its own: what the page asks for anyway is taken as the time to look.
(() => {
  "use strict";
  const BETWEEN = 15000;
  const SHOWN = "rondo.notice";
  const plainFetch = window.fetch;
  let looked = Date.now();

  /** @param {number} number */
  function count(number) {
    const bell = /** @type {HTMLElement | null} */ (document.querySelector(".rondo-bell"));
    const words = bell?.querySelector(".rondo-unread");
    if (!bell || !words || bell.dataset.unread === String(number)) return;
    bell.dataset.unread = String(number);
    words.textContent = number > 99 ? "99+" : String(number);
  }

  const isAllowed = () => "Notification" in window && Notification.permission === "granted";

  /** @param {{id: number, project: string, text: string, link: string}} notice */
  function show(notice) {
    // Another tab may show the same one: a tag is there once.
    const shown = new Notification(notice.project, { body: notice.text, tag: `rondo-${notice.id}` });
    shown.addEventListener("click", () => {
      read(notice.id);
      window.focus();
      location.assign(notice.link);
    });
  }

  /** @param {string | number} id */
  function read(id) {
    plainFetch(`/api/v1/notices/${id}/read`, { method: "POST", keepalive: true }).catch(() => undefined);
  }

  async function look() {
    looked = Date.now();
    const after = isAllowed() ? localStorage.getItem(SHOWN) : null;
    const asked = after && /^\d{1,18}$/.test(after) ? `?after=${after}` : "";
    try {
      const response = await plainFetch(`/api/v1/notices/unread${asked}`, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      const { number, newest, to_show: notices } = await response.json();
      count(number);
      if (!isAllowed() || localStorage.getItem(SHOWN) !== after) return;
      localStorage.setItem(SHOWN, String(newest));
      notices.forEach(show);
    } catch {
      // The server is away, which the page says elsewhere.
    }
  }

  function lookSometimes() {
    if (Date.now() - looked > BETWEEN && document.querySelector(".rondo-bell")) look();
  }

  window.fetch = async (what, how) => {
    const response = await plainFetch(what, how);
    if (new URL(response.url || "", location.href).origin === location.origin) lookSometimes();
    return response;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") lookSometimes();
  });
  addEventListener("rondo-notices", () => look());

  /** The button that asks the browser to show notifications, or what the browser said to that before. */
  class Allow extends HTMLElement {
    answer = document.createElement("span");
    button = document.createElement("button");

    async connectedCallback() {
      const { gettext } = await window.rondoWords;
      this.answer.className = "rondo-muted";
      this.answer.setAttribute("role", "status");
      this.button.className = "rondo-quiet";
      this.button.type = "button";
      this.button.textContent = gettext("Allow notifications in this browser");
      this.button.onclick = async () => {
        this.tell(await Notification.requestPermission(), gettext);
        look();
      };
      this.replaceChildren(this.button, this.answer);
      this.tell("Notification" in window ? Notification.permission : "missing", gettext);
    }

    /**
     * @param {string} known
     * @param {typeof import("./gettext.js").gettext} gettext
     */
    tell(known, gettext) {
      this.button.hidden = known !== "default";
      /** @type {Record<string, string>} */
      const words = {
        granted: gettext("This browser shows notifications of Rondo."),
        denied: gettext(
          "This browser was told not to show notifications of this site. Its settings for the site change that.",
        ),
        missing: gettext("This browser shows no notifications here: they need HTTPS, or an address of this machine."),
      };
      this.answer.textContent = words[known] || "";
    }
  }
  customElements.define("rondo-allow", Allow);

  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const link = /** @type {HTMLElement | null} */ (target.closest("a[data-notice]"));
    if (link?.dataset.notice) read(link.dataset.notice);
  });
})();
