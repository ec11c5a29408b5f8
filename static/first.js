// @ts-check
// The first content of a page, which the server drew, until Gradio has drawn its own: each part goes when its own has
// come. It is removed and never hidden, so that nobody is read it twice.
(() => {
  "use strict";
  const PATIENCE = 60_000;
  const first = /** @type {HTMLElement} */ (document.querySelector("#rondo-first"));
  /** @param {Element} within */
  const partsIn = (within) => /** @type {HTMLElement[]} */ ([...within.querySelectorAll("[data-part]")]);
  const place = (/** @type {HTMLElement} */ part) => document.querySelector(`gradio-app #${part.dataset.part}`);
  const own = (/** @type {HTMLElement} */ part) => place(part)?.querySelector(".html-container");
  const isThere = (/** @type {HTMLElement} */ part) => !!own(part)?.textContent?.trim();
  /** @type {HTMLElement[]} */
  let waiting = partsIn(first);

  // The newest round is what one looks for first.
  const line = first.querySelector(".line"),
    newest = [...first.querySelectorAll(".line .round")].at(-1);
  if (line && newest instanceof HTMLElement)
    line.scrollLeft = newest.offsetLeft + newest.offsetWidth - line.clientWidth;

  /** What the reader has opened, scrolled and focused in a part is so in the one that takes its place.
   * @param {HTMLElement} part */
  function handOver(part) {
    const other = own(part);
    for (const what of ["details", "a[href]", ".scroll, .line"]) {
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
    const active = document.activeElement,
      top = scrollY;
    for (const part of waiting) place(part)?.prepend(part);
    first.remove();
    if (active instanceof HTMLElement && active.isConnected) active.focus({ preventScroll: true });
    scrollTo(scrollX, top);
  }

  function look() {
    const came = waiting.filter(isThere);
    const isOver = document.querySelector("gradio-app .toast-body") !== null;
    if (!came.length && !isOver) return;
    waiting = isOver ? [] : waiting.filter((part) => !came.includes(part));
    for (const part of came) handOver(part);
    if (first.isConnected) show();
    if (!waiting.length) end();
  }

  function end() {
    watch.disconnect();
    for (const part of waiting) part.remove();
    waiting = [];
    first.remove();
  }

  /** Where an answer does not come, Gradio's own page is better than one that nobody can use. */
  function giveUp() {
    if (waiting.some((part) => place(part))) end();
    else if (waiting.length) setTimeout(giveUp, PATIENCE);
  }

  const watch = new MutationObserver(look);
  document.addEventListener("DOMContentLoaded", () => {
    const page = document.querySelector("gradio-app");
    if (page) watch.observe(page, { childList: true, subtree: true, characterData: true });
    look();
    setTimeout(giveUp, PATIENCE);
  });
})();
