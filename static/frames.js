// @ts-check
// Gradio redraws the clock of everything that waits for an answer with each frame, seen or not, and what left the page
// while it waited goes on for ever: a form that was redrawn a few times keeps a processor busy. Four times a second will do.
(() => {
  "use strict";
  const EVERY = 250;
  const LONGEST = 200;
  const CLOCK = /performance\.now\(\)[^;]*\/\s*(1e3|1000)/;
  const plain = window.requestAnimationFrame.bind(window);
  /** @param {FrameRequestCallback} callback */
  const isClock = (callback) => {
    const source = Function.prototype.toString.call(callback);
    return source.length < LONGEST && CLOCK.test(source);
  };
  window.requestAnimationFrame = (callback) =>
    isClock(callback) ? setTimeout(() => callback(performance.now()), EVERY) : plain(callback);
})();
