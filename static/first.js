// @ts-check
// The first content of a page, which the server drew, until Gradio has drawn its own: each part goes when its own has
// come. It is removed and never hidden, so that nobody is read it twice. Until then Gradio's page is hidden by the class
// that is set here: where this script does not run, it stands below.
(() => {
  "use strict";
  const PATIENCE = 60_000,
    /** Milliseconds in which Gradio draws what it has, its page or an answer. */
    MOUNTED = 3_000,
    STANDS = "first-stands";
  const first = /** @type {HTMLElement} */ (document.querySelector("#rondo-first"));
  /** Gradio's page cannot be used while its first answers are on their way (locks.js): links in it are dead. */
  const isLocked = () => document.querySelector("gradio-app[inert]") !== null;
  const place = (/** @type {HTMLElement} */ part) => document.querySelector(`gradio-app #${part.dataset.part}`);
  const isTable = (/** @type {HTMLElement} */ part) => part.querySelector("[data-table]") !== null;
  const own = (/** @type {HTMLElement} */ part) =>
    /** @type {HTMLElement | null | undefined} */ (
      place(part)?.querySelector(isTable(part) ? ".table-wrap" : ".html-container")
    );
  /** Ids of what was answered so long ago that it would be seen if it showed anything: its rows may be gone by now. */
  const answered = new Set();
  // The heads of a table come before its rows.
  const isThere = (/** @type {HTMLElement} */ part) =>
    answered.has(part.dataset.part) ||
    !!(isTable(part) ? own(part)?.querySelector("[role=gridcell]") : own(part))?.textContent?.trim();
  const watch = new MutationObserver(() => safely(look));
  /** @type {HTMLElement[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let showing;
  /** @type {HTMLElement | undefined} */
  let wanted;

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
    // Where folds of a template stand open, that is for a wide page: on a phone Gradio's page folds them, too.
    if (matchMedia("(max-width: 640px)").matches)
      for (const fold of first.querySelectorAll("details[data-fold][open]")) fold.removeAttribute("open");
    // The newest round is what one looks for first.
    const line = first.querySelector(".line"),
      newest = [...first.querySelectorAll(".line .round")].at(-1);
    if (line && newest instanceof HTMLElement)
      line.scrollLeft = newest.offsetLeft + newest.offsetWidth - line.clientWidth;
    document.addEventListener("DOMContentLoaded", () => safely(follow));
    document.addEventListener("rondo-loaded", (event) => {
      const { outputs } = /** @type {CustomEvent} */ (event).detail;
      setTimeout(() => safely(() => drop(outputs)), MOUNTED);
    });
  }

  function follow() {
    const page = document.querySelector("gradio-app");
    if (page) watch.observe(page, { childList: true, subtree: true, characterData: true, attributeFilter: ["inert"] });
    look();
    setTimeout(giveUp, PATIENCE);
  }

  /** Give it the focus that was lost by a move as soon as it can have it: what waits for an answer is inert (locks.js).
   * Whoever has gone on meanwhile, by a key or a click, is left where they are.
   * @param {HTMLElement} element */
  function focusOn(element) {
    const until = performance.now() + PATIENCE;
    wanted = element;
    const again = () => {
      if (wanted !== element) return;
      const active = document.activeElement,
        isFree = !active || active === document.body;
      if (isFree && element.isConnected) element.focus({ preventScroll: true });
      if (isFree && document.activeElement !== element && element.isConnected && performance.now() < until)
        setTimeout(again, 50);
      else wanted = undefined;
    };
    again();
  }

  for (const what of ["keydown", "pointerdown"])
    document.addEventListener(what, () => (wanted = undefined), { capture: true, passive: true });

  const letters = (/** @type {string} */ text) => text.replace(/\s+/g, "");

  /** What is selected in a part: the letters before both ends, and between them. Spaces are the page's, and may differ.
   * @param {HTMLElement} part */
  function selectedIn(part) {
    const selection = getSelection();
    if (!selection?.anchorNode || !selection.focusNode || selection.isCollapsed) return null;
    if (!part.contains(selection.anchorNode) || !part.contains(selection.focusNode)) return null;
    const before = (/** @type {Node} */ node, /** @type {number} */ offset) => {
      const range = document.createRange();
      range.setStart(part, 0);
      range.setEnd(node, offset);
      return letters(range.toString()).length;
    };
    const from = before(selection.anchorNode, selection.anchorOffset),
      to = before(selection.focusNode, selection.focusOffset);
    return { from, to, text: letters(selection.getRangeAt(0).toString()) };
  }

  /** The place after so many letters; `isStart` for that of the letter which follows.
   * @param {HTMLElement} part
   * @param {number} number
   * @param {boolean} isStart
   * @returns {[Node, number] | undefined} */
  function placeOf(part, number, isStart) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    let left = number;
    while (texts.nextNode()) {
      const node = /** @type {Text} */ (texts.currentNode),
        here = letters(node.data).length;
      if (node.parentElement?.closest("style, script")) continue;
      if (isStart ? left < here : left <= here) {
        let offset = 0;
        for (; left > 0 || (isStart && !letters(node.data[offset])); offset++) if (letters(node.data[offset])) left--;
        return [node, offset];
      }
      left -= here;
    }
  }

  /** How far the text that was selected has moved, to the nearest of its kind: a time before it may be longer by now.
   * @param {HTMLElement} part
   * @param {string} text
   * @param {number} start
   * @returns {number | undefined} */
  function shiftOf(part, text, start) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    let all = "";
    while (texts.nextNode()) {
      const node = /** @type {Text} */ (texts.currentNode);
      if (!node.parentElement?.closest("style, script")) all += letters(node.data);
    }
    const before = text ? all.lastIndexOf(text, start) : -1,
      after = text ? all.indexOf(text, start) : -1;
    if (before < 0 && after < 0) return undefined;
    return before < 0 || (after >= 0 && after - start < start - before) ? after - start : before - start;
  }

  /** Select the same in what stands there now, if it is there.
   * @param {HTMLElement | null | undefined} part
   * @param {ReturnType<typeof selectedIn>} was */
  function select(part, was) {
    const by = part && was ? shiftOf(part, was.text, Math.min(was.from, was.to)) : undefined;
    if (!part || !was || by === undefined) return;
    const from = placeOf(part, was.from + by, was.from < was.to),
      to = placeOf(part, was.to + by, was.to < was.from),
      selection = getSelection();
    if (!from || !to || !selection) return;
    selection.setBaseAndExtent(...from, ...to);
    if (letters(selection.getRangeAt(0).toString()) !== was.text) selection.removeAllRanges();
  }

  /** Elements by their text, so that each text is read once.
   * @param {Element[]} elements */
  function textsOf(elements) {
    /** @type {Map<string, Element[]>} */
    const byText = new Map();
    for (const element of elements) {
      const text = element.textContent ?? "",
        alike = byText.get(text);
      if (alike) alike.push(element);
      else byText.set(text, [element]);
    }
    return byText;
  }

  /** What the reader has opened, scrolled, focused and selected in a part is so in the one that takes its place.
   * @param {HTMLElement} part */
  function handOver(part) {
    const other = own(part),
      was = selectedIn(part);
    /** @type {HTMLElement | undefined} */
    let next;
    for (const what of ["details", "summary", "a[href]", "[tabindex]", ".scroll, .line"]) {
      const there = [...(other?.querySelectorAll(what) ?? [])];
      /** @type {Map<string, Element[]> | undefined} */
      let byText;
      part.querySelectorAll(what).forEach((element, index) => {
        const has = element === document.activeElement || element === wanted,
          isScrolled = !!(element.scrollLeft || element.scrollTop),
          folds = element instanceof HTMLDetailsElement;
        if (!has && !isScrolled && !folds) return;
        byText ??= textsOf(there);
        const alike = element.textContent ? (byText.get(element.textContent) ?? []) : [],
          twin = alike.length === 1 ? alike[0] : there[index];
        if (!(twin instanceof HTMLElement)) return;
        if (folds) twin.toggleAttribute("open", element.open);
        if (has) next = twin;
        if (isScrolled) twin.scrollTo(element.scrollLeft, element.scrollTop);
      });
    }
    // Only when it is gone is the focus free.
    part.remove();
    if (next) focusOn(next);
    select(other, was);
  }

  /** Let Gradio's page be seen; parts that it has not drawn yet stand where theirs will be. */
  function show() {
    if (!first.isConnected) return;
    const active = document.activeElement,
      top = scrollY;
    for (const part of waiting) {
      const was = selectedIn(part);
      const scrolled = [...part.querySelectorAll(".scroll, .line")].map(
        (box) => /** @type {const} */ ([box, box.scrollLeft, box.scrollTop]),
      );
      place(part)?.prepend(part);
      for (const [box, left, above] of scrolled) box.scrollTo(left, above);
      select(part, was);
    }
    waiting = waiting.filter((part) => !first.contains(part));
    first.remove();
    document.documentElement.classList.remove(STANDS);
    if (active instanceof HTMLElement && active !== document.body && active.isConnected) focusOn(active);
    scrollTo(scrollX, top);
  }

  function look() {
    const isOver = document.querySelector("gradio-app .toast-body") !== null;
    if (isLocked() && !isOver) return;
    const came = waiting.filter(isThere);
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

  function drop(/** @type {string[]} */ outputs) {
    for (const id of outputs) answered.add(id);
    look();
  }

  function end() {
    watch.disconnect();
    for (const part of document.querySelectorAll("#rondo-first, [data-part], style[data-first]")) part.remove();
    waiting = [];
    document.documentElement.classList.remove(STANDS);
  }

  /** Where an answer does not come, Gradio's own page is better than one that nobody can use, unless it is locked. */
  function giveUp() {
    if (waiting.some(place) && !isLocked()) end();
    else if (waiting.length) setTimeout(giveUp, PATIENCE);
  }

  safely(begin);
})();
