"""Gradio's own scripts and styles, compressed once. Gradio compresses each anew whenever it is asked for, the 4.6 MB of
its charts too, and nothing else is answered meanwhile."""

import gzip
from functools import lru_cache
from pathlib import Path

import anyio
import brotli
from fastapi.staticfiles import StaticFiles
from gradio.route_utils import STATIC_TEMPLATE_LIB
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Scope

FOLDER = Path(STATIC_TEMPLATE_LIB) / "frontend" / "assets"
TEXTS = (".js", ".css", ".svg")
MOST_KEPT = 300
"""A page has 60 of them, all of Rondo's pages together 150: some 3 MB."""


class Assets(StaticFiles):
    """The files at `/assets/`."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As Starlette's; a text that a browser has not is compressed."""
        plain = await super().get_response(path, scope)
        if not isinstance(plain, FileResponse) or plain.status_code != 200 or not path.endswith(TEXTS):
            return plain
        taken = Headers(scope=scope).get("accept-encoding", "")
        how = next((encoding for encoding in ("br", "gzip") if encoding in taken), None)
        if how is None:
            return plain
        body = await anyio.to_thread.run_sync(compressed, str(plain.path), how)
        kept = {name: plain.headers[name] for name in ("etag", "last-modified")}
        headers = kept | {"content-encoding": how, "vary": "accept-encoding"}
        return Response(b"" if scope["method"] == "HEAD" else body, headers=headers, media_type=plain.media_type)


@lru_cache(MOST_KEPT)
def compressed(path: str, how: str) -> bytes:
    """Return the file as it is sent."""
    text = Path(path).read_bytes()
    return brotli.compress(text, quality=5) if how == "br" else gzip.compress(text, 6)
