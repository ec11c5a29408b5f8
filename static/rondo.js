// @ts-check
// Light and dark, the menus, page titles, the zone of times, and what to say when the session has ended.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const choices = ["system", "light", "dark"];
  const KEY = "rondo.theme";
  // This script runs before the page is read, and no module does.
  const own = /** @type {HTMLScriptElement} */ (document.currentScript).src;
  /** @type {typeof import("./gettext.js").gettext} */
  const inEnglish = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  const words = import(new URL("gettext.js", own).href).catch(() => ({ gettext: inEnglish }));
  // For the scripts below this one: a page whose catalogue does not come works, in English.
  window.rondoWords = words;
  // Gradio asks the browser for the language of its own words: they are to be in the page's, too.
  Object.defineProperty(navigator, "language", { value: root.lang, configurable: true });

  const stored = () => {
    const value = localStorage.getItem(KEY);
    return value && choices.includes(value) ? value : "system";
  };
  const isDark = () => (stored() === "system" ? system.matches : stored() === "dark");

  function paint() {
    root.dataset.theme = isDark() ? "dark" : "light";
    root.dataset.choice = stored();
    // Gradio reads the class of the body, and sets it from the system when it starts.
    if (document.body) document.body.classList.toggle("dark", isDark());
    nameColors();
  }

  async function nameColors() {
    const { gettext } = await words;
    /** @type {Record<string, string>} */
    const names = { system: gettext("system"), light: gettext("light"), dark: gettext("dark") };
    const label = gettext("Colors: {name}. Change.", { name: names[stored()] });
    document.querySelector(".rondo-theme")?.setAttribute("aria-label", label);
  }

  function retitle() {
    const name = document.querySelector(".rondo-header h1")?.textContent;
    if (!name) return;
    const project = /** @type {HTMLElement | null} */ (document.querySelector(".rondo-project"))?.dataset.name;
    const title = `${name} · ${project} · Rondo`;
    if (document.title !== title) document.title = title;
    document.querySelector('.rondo-nav a[aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  async function sayGoodbye() {
    const { gettext } = await words;
    if (document.querySelector(".rondo-signed-out")) return;
    const bar = document.createElement("p");
    const link = document.createElement("a");
    bar.className = "rondo-signed-out";
    bar.setAttribute("role", "alert");
    link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = gettext("Sign in again");
    bar.append(gettext("You are signed out."), " ", link);
    document.body.append(bar);
  }

  const plainFetch = window.fetch;
  window.fetch = async (what, how) => {
    const response = await plainFetch(what, how);
    if (response.status === 401 && new URL(response.url, location.href).origin === location.origin) sayGoodbye();
    return response;
  };

  // Gradio's page heads what is refused with its own English word, whatever the server sends with it.
  async function headRefusals() {
    const page = document.querySelector("gradio-app");
    const { gettext } = await words;
    const head = gettext("Error");
    if (!page || head === "Error") return;
    /** @param {Element} toasts */
    const write = (toasts) => {
      for (const title of toasts.querySelectorAll(".toast-title.error"))
        if (title.textContent?.trim() === "Error") title.textContent = head;
    };
    const arrival = new MutationObserver(() => {
      const toasts = page.querySelector(".toast-wrap");
      if (!toasts) return;
      arrival.disconnect();
      write(toasts);
      new MutationObserver(() => write(toasts)).observe(toasts, { childList: true, subtree: true });
    });
    arrival.observe(page, { childList: true, subtree: true });
  }

  // The server writes times in this zone.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  document.cookie = `rondo_zone=${zone}; path=/; max-age=31536000; samesite=lax`;

  async function nameZone() {
    const { gettext } = await words;
    const offset = new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" })
      .formatToParts()
      .find(({ type }) => type === "timeZoneName");
    const name = `${zone} (${offset?.value})`;
    const line = document.querySelector(".rondo-zone");
    if (line) line.textContent = gettext("Times are those of {zone}.", { zone: name });
    // Times stand in tables and lists that are drawn anew all the time: a tooltip is given when the pointer comes.
    document.addEventListener("mouseover", (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const isTime =
        !target.title &&
        !target.firstElementChild &&
        /\d [A-Z][a-z]{2} \d{4}, \d\d:\d\d|(in|about|until|bis|fertig:) .*\d\d:\d\d\.?$/.test(
          (target.textContent || "").slice(0, 200),
        );
      if (isTime) target.title = gettext("Time of {zone}", { zone: name });
    });
  }

  system.addEventListener("change", paint);
  paint();
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    new MutationObserver(() => {
      if (document.body.classList.contains("dark") !== isDark()) paint();
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    nameZone();
    headRefusals();
    retitle();
    addEventListener("resize", retitle);
    const title = document.querySelector("title") || document.head.appendChild(document.createElement("title"));
    new MutationObserver(retitle).observe(title, { childList: true, characterData: true, subtree: true });

    // On plain pages of forms: elsewhere the form itself marks its fields (app/widgets/refused_fields.py).
    document.querySelector(".rondo-door")?.addEventListener("input", ({ target }) => {
      const field = /** @type {HTMLElement} */ (target);
      if (field.getAttribute("aria-invalid")) field.removeAttribute("aria-describedby");
      field.removeAttribute("aria-invalid");
    });
    document.querySelector(".rondo-theme")?.addEventListener("click", () => {
      localStorage.setItem(KEY, choices[(choices.indexOf(stored()) + 1) % choices.length]);
      paint();
    });
    // The page's scripts keep things in the address, so the link is to no address that stands there before.
    document.querySelector(".rondo-skip")?.addEventListener("click", (event) => {
      event.preventDefault();
      const main = /** @type {HTMLElement | null} */ (document.querySelector("#rondo-main"));
      main?.focus();
      main?.scrollIntoView();
    });
    // Gradio opens a list when its field gets the focus, which a list that Escape closed still has.
    document.addEventListener("mousedown", ({ target }) => {
      const field = /** @type {HTMLElement} */ (target).closest?.('input[role="combobox"][aria-expanded="false"]');
      if (field && field === document.activeElement) /** @type {HTMLElement} */ (field).blur();
    });
    /** @type {HTMLDetailsElement[]} */
    const menus = [...document.querySelectorAll(".rondo-menu")].map((menu) => /** @type {any} */ (menu));
    document.addEventListener("click", (event) => {
      for (const menu of menus) if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of menus.filter((one) => one.open)) {
        menu.open = false;
        menu.querySelector("summary")?.focus();
      }
    });
  });
})();
