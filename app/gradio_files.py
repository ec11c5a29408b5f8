"""What Gradio does with files by itself, held to what Rondo needs of it: it keeps uploads, and nothing else.

`payloads.py` refuses what a request may not name. This holds where a value comes from elsewhere, such as a row of the
database that looks like a file: Gradio would copy the file that it names to where it is served, or fetch its address.
"""

from typing import Any

import gradio as gr
from gradio import processing_utils
from gradio.exceptions import InvalidPathError

_check = processing_utils._check_allowed


def install(blocks: gr.Blocks) -> None:
    """Turn Gradio's own check on, for what is shown as for what is sent, and let it fetch nothing."""
    # Only `launch` sets this, and pages that are mounted are never launched: the check would return at once.
    blocks.has_launched = True
    processing_utils._check_allowed = _as_if_sent
    processing_utils.async_ssrf_protected_download = _refuse_later
    for name in ("ssrf_protected_download", "save_url_to_cache", "unsafe_download"):
        setattr(processing_utils, name, _refuse)


def _as_if_sent(path: Any, check_in_upload_folder: bool) -> None:
    """What is sent has to lie in the folder of uploads. What is shown might else lie in the working folder, too."""
    _check(path, True)


def _refuse(url: Any, *_: Any, **__: Any) -> str:
    raise InvalidPathError(f"{url} is an address. Rondo fetches nothing for a page.")


async def _refuse_later(url: Any, *_: Any, **__: Any) -> str:
    return _refuse(url)
