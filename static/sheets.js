// @ts-check
// Gradio adds two style sheets when it has started, and waits for one after the other; it leaves them be where it finds
// them. So they are added here, after Rondo's own, as Gradio would.
(() => {
  "use strict";
  const { root, theme_hash: hash } = /** @type {any} */ (window).gradio_config || {};
  const first = document.querySelector('link[rel="stylesheet"][href^="/assets/index-"]')?.getAttribute("href");
  if (!root || !first) return;
  for (const href of [`.${first}`, `${root}/theme.css?v=${hash}`]) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
  }
})();
