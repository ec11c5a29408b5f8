"""What Gradio keeps for each page that somebody has open, without a copy of the whole application's configuration.

Of every component of every page it writes the configuration anew when a page is opened: 0.1 s of processor time during
which nobody is answered, and half a megabyte until an hour after the page was left. It does so for deep links, which
save a page as it stands; Rondo's addresses do not (`guard.HIDDEN`).
"""

from typing import Any

from gradio.blocks import BlocksConfig

_written = BlocksConfig.config_for_block


def install() -> None:
    """From now on sessions keep no configuration. May be repeated."""
    BlocksConfig.config_for_block = staticmethod(_config_for_block)  # type: ignore[method-assign]


def _config_for_block(_id: int, rendered_ids: list[int], block: Any, renderable: Any = None) -> dict[str, Any]:
    """As Gradio's for a page or a part of one, which names what it shows. A session names nothing."""
    return _written(_id, rendered_ids, block, renderable) if rendered_ids else {}
