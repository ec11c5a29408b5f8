// @ts-check
// The first content of a page, which the server drew, until Gradio has drawn its own: each part goes when its own has
// come. It is removed and never hidden, so that nobody is read it twice. Until then Gradio's page is hidden by the class
// that is set here: where this script does not run, it stands below.
(() => {
  "use strict";
  const PATIENCE = 60_000,
    MOUNTED = 3_000,
    STANDS = "first-stands";
  const first = /** @type {HTMLElement} */ (document.querySelector("#rondo-first"));
  const place = (/** @type {HTMLElement} */ part) => document.querySelector(`gradio-app #${part.dataset.part}`);
  const own = (/** @type {HTMLElement} */ part) => place(part)?.querySelector(".html-container");
  const isThere = (/** @type {HTMLElement} */ part) => !!own(part)?.textContent?.trim();
  const watch = new MutationObserver(() => safely(look));
  /** @type {HTMLElement[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let showing;

  /** Whatever fails here, Gradio's page is there.
   * @param {() => void} act */
  function safely(act) {
    try {
      act();
    } catch (error) {
      end();
      throw error;
    }
  }

  function begin() {
    document.documentElement.classList.add(STANDS);
    waiting = /** @type {HTMLElement[]} */ ([...first.querySelectorAll("[data-part]")]);
    // The newest round is what one looks for first.
    const line = first.querySelector(".line"),
      newest = [...first.querySelectorAll(".line .round")].at(-1);
    if (line && newest instanceof HTMLElement)
      line.scrollLeft = newest.offsetLeft + newest.offsetWidth - line.clientWidth;
    document.addEventListener("DOMContentLoaded", () => safely(follow));
  }

  function follow() {
    const page = document.querySelector("gradio-app");
    if (page) watch.observe(page, { childList: true, subtree: true, characterData: true });
    look();
    setTimeout(giveUp, PATIENCE);
  }

  /** What the reader has opened, scrolled and focused in a part is so in the one that takes its place.
   * @param {HTMLElement} part */
  function handOver(part) {
    const other = own(part);
    for (const what of ["details", "summary", "a[href]", "[tabindex]", ".scroll, .line"]) {
      const there = other?.querySelectorAll(what);
      part.querySelectorAll(what).forEach((one, index) => {
        const twin = there?.[index];
        if (!(twin instanceof HTMLElement)) return;
        if (one instanceof HTMLDetailsElement) twin.toggleAttribute("open", one.open);
        if (one === document.activeElement) twin.focus({ preventScroll: true });
        if (one.scrollLeft || one.scrollTop) twin.scrollTo(one.scrollLeft, one.scrollTop);
      });
    }
    part.remove();
  }

  /** Let Gradio's page be seen; parts that it has not drawn yet stand where theirs will be. */
  function show() {
    if (!first.isConnected) return;
    const active = document.activeElement,
      top = scrollY;
    for (const part of waiting) {
      const scrolled = [...part.querySelectorAll(".scroll, .line")].map(
        (one) => /** @type {const} */ ([one, one.scrollLeft, one.scrollTop]),
      );
      place(part)?.prepend(part);
      for (const [one, left, above] of scrolled) one.scrollTo(left, above);
    }
    waiting = waiting.filter((part) => !first.contains(part));
    first.remove();
    document.documentElement.classList.remove(STANDS);
    if (active instanceof HTMLElement && active.isConnected) active.focus({ preventScroll: true });
    scrollTo(scrollX, top);
  }

  function look() {
    const came = waiting.filter(isThere);
    const isOver = document.querySelector("gradio-app .toast-body") !== null;
    // One part may be long in coming: what else there is on the page can be used meanwhile.
    if (waiting.some(place)) showing ??= setTimeout(() => safely(show), MOUNTED);
    if (!came.length && !isOver) return;
    waiting = isOver ? [] : waiting.filter((part) => !came.includes(part));
    // What is hidden takes no focus.
    document.documentElement.classList.remove(STANDS);
    for (const part of came) handOver(part);
    show();
    if (!waiting.length) end();
  }

  function end() {
    watch.disconnect();
    for (const part of document.querySelectorAll("#rondo-first, [data-part], style[data-first]")) part.remove();
    waiting = [];
    document.documentElement.classList.remove(STANDS);
  }

  /** Where an answer does not come, Gradio's own page is better than one that nobody can use. */
  function giveUp() {
    if (waiting.some(place)) end();
    else if (waiting.length) setTimeout(giveUp, PATIENCE);
  }

  safely(begin);
})();
