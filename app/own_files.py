"""Rondo's own scripts, styles and pictures, at addresses that change with what they hold: a browser asks for each once.

`/static/VERSION/review/desk.js` is `static/review/desk.js`. Scripts import each other relative to themselves, so all of
a page's are of one version. An address of another version, of a page from before an update, is answered as well; that
answer and those at `/static/review/desk.js` are asked for again each time.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

import static

FOLDER = Path(static.__path__[0])
AT = "/static/"
_IMPORT = re.compile(r'^(?:import|export|\}) ?[^;"]*from "(\.[^"]+)";', re.MULTILINE)
_VERSION = re.compile(r"[0-9a-f]{12}/")


@cache
def version() -> str:
    """Return twelve digits that stand for all of the files."""
    seen = hashlib.sha256()
    for name in _first_seen():
        seen.update(name.encode() + b"\0" + (FOLDER / name).read_bytes())
    return seen.hexdigest()[:12]


@cache
def _first_seen() -> dict[str, tuple[int, int]]:
    """Size and time of the last change of each file, when the server first looked."""
    files = (file for file in sorted(FOLDER.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(FOLDER)): _stamp(file) for file in files}


def _stamp(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns


def is_named(path: str) -> bool:
    """Whether an address names the content of a file that is still the same: an update may be under way."""
    name = path.removeprefix(address(""))
    try:
        return name != path and name in (seen := _first_seen()) and seen[name] == _stamp(FOLDER / name)
    except OSError:
        return False


def address(file: str) -> str:
    """Return where a browser gets the file, such as `review/desk.js`, and may keep it for good."""
    return f"{AT}{version()}/{file}"


@cache
def with_imports(script: str) -> tuple[str, ...]:
    """Return a script such as `review/desk.js` and all that it imports before it runs."""
    scripts, waiting = dict.fromkeys([script]), [script]
    while waiting:
        name_of_script = waiting.pop()
        for name in _IMPORT.findall((FOLDER / name_of_script).read_text(encoding="utf-8")):
            path = (FOLDER / name_of_script).parent.joinpath(name).resolve().relative_to(FOLDER.resolve()).as_posix()
            if path not in scripts:
                scripts[path] = None
                waiting.append(path)
    return tuple(scripts)


class OwnFiles(StaticFiles):
    """The files at `/static/`, with Gradio's own static files, which it expects there."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER, packages=[("gradio", "templates/frontend/static")])

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As Starlette's, whatever version the address names."""
        return await super().get_response(_VERSION.sub("", path, count=1), scope)
