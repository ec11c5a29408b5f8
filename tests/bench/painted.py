"""When parts of a page are painted, as the browser notes it itself.

Who asks from outside for one part after the other is answered once the page's main thread is free, which Gradio's
scripts keep busy long after a part can be read.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# Looked for at each frame; a message after a frame comes once that frame is painted.
_WATCH = """(selectors) => {
  const isShown = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) &&
    one.getBoundingClientRect().height > 0 && one.textContent.trim() !== "";
  window.rondoPainted = {};
  for (const [name, selector] of Object.entries(selectors)) {
    const look = () => {
      if (![...document.querySelectorAll(selector)].some(isShown)) return requestAnimationFrame(look);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => { window.rondoPainted[name] = performance.now(); };
      channel.port2.postMessage(0);
    };
    requestAnimationFrame(look);
  }
}"""


def watch(page: Any) -> None:
    """Have the tab note what `expect` names, in each document that it loads from now on."""
    page.add_init_script(f"({_WATCH})(JSON.parse(window.name || '{{}}'))")


def expect(page: Any, selectors: Mapping[str, str]) -> None:
    """Look for these in the documents that come: selectors by names."""
    page.evaluate("(selectors) => { window.name = selectors; }", json.dumps(selectors))


def read(page: Any, names: Any, *, timeout: float) -> dict[str, float]:
    """Wait until all of these are painted; return milliseconds from the address to each."""
    page.wait_for_function(
        "(names) => names.every((name) => window.rondoPainted?.[name])", arg=list(names), timeout=timeout
    )
    painted: dict[str, float] = page.evaluate("window.rondoPainted")
    return painted


def in_document(selector: str) -> str:
    """The same content where the server drew it: a part is named by the component that takes its place."""
    return re.sub(r"#([\w-]+)", r'[data-part="\1"]', selector)
