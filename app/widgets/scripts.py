"""Which of Gradio's scripts and styles a page needs, so that a browser is told of all of them at once.

Gradio's first script imports a second when it has run, that a third, and that one the scripts of the components that
stand in the page's configuration: five rounds of asking, each after the work of the one before. The files say what they
import, and are read once. Where a file does not read as expected, a page is sent without these links and works as
before, only later.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gradio.route_utils import STATIC_TEMPLATE_LIB

ASSETS = Path(STATIC_TEMPLATE_LIB) / "frontend" / "assets"
FIRST = re.compile(r'src="(?:\./|/)assets/(index-[\w-]+\.js)"')
LATER = ("Index-", "core-", "Blocks-")
"""What the first scripts import whichever components a page has; the page of the login is not Gradio's here."""

_IMPORT = re.compile(r'(?:from|import)\s*"\./([^"]+\.js)"')
_DEPENDENCIES = re.compile(r"m\.f=(\[.*?\])\)")
_LATER = r"import\(`\./(?P<file>[^`]+)`\)[^\[`]{0,60}?(?:__vite__mapDeps\(\[(?P<needs>[\d,]*)\]\)|\[\])"
_PART = re.compile(r"(?P<type>\w+):\{(?=\w+:\(\)=>)|(?P<what>\w+):\(\)=>\w+\(\(\)=>" + _LATER)


@dataclass(frozen=True)
class LaterScript:
    """A script that is imported while another runs, and what it needs."""

    file: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Links:
    """Names of files below `/assets/`, in the order in which they are needed."""

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


def links(template: str, types: Iterable[str]) -> Links:
    """Return what a page of this template needs that has components of these types."""
    first = FIRST.search(template)
    return _links(first[1], frozenset(types)) if first else Links()


@cache
def _links(first: str, types: frozenset[str]) -> Links:
    files = [first, *_always(first)]
    known = _components(next((file for file in files if file.startswith("core-")), ""))
    for type_ in sorted(types & known.keys()):
        files += [known[type_].file, *known[type_].needs]
    scripts = dict.fromkeys(script for file in files if file.endswith(".js") for script in _with_imports(file))
    styles = dict.fromkeys(file for file in files if file.endswith(".css"))
    return Links(tuple(scripts), tuple(styles))


def _always(first: str) -> Iterator[str]:
    """What follows the first script on every page."""
    waiting, seen = [first], {first}
    while waiting:
        for later in _later(waiting.pop()):
            if later.file.startswith(LATER) and later.file not in seen and len(seen) <= len(LATER):
                seen.add(later.file)
                waiting.append(later.file)
                yield later.file
                yield from later.needs


@cache
def _later(file: str) -> tuple[LaterScript, ...]:
    """What a script imports while it runs; of the script that knows the components nothing, for a page has few."""
    if file.startswith("core-"):
        return ()
    text = _text(file)
    return tuple(LaterScript(match["file"], _needs(text, match["needs"])) for match in re.finditer(_LATER, text))


@cache
def _components(core: str) -> dict[str, LaterScript]:
    """The script of each type of component."""
    text, later, type_ = _text(core), {}, ""
    for match in _PART.finditer(text):
        type_ = match["type"] or type_
        if match["what"] == "component":
            later[type_] = LaterScript(match["file"], _needs(text, match["needs"]))
    return later


def _needs(text: str, places: str | None) -> tuple[str, ...]:
    listed = _DEPENDENCIES.search(text)
    if not listed or not places:
        return ()
    files = json.loads(listed[1])
    return tuple(Path(files[int(place)]).name for place in places.split(",") if int(place) < len(files))


@cache
def _with_imports(file: str) -> tuple[str, ...]:
    """A script and all that it imports before it runs."""
    scripts, waiting = dict.fromkeys([file]), [file]
    while waiting:
        for name in _IMPORT.findall(_text(waiting.pop())):
            if name not in scripts:
                scripts[name] = None
                waiting.append(name)
    return tuple(scripts)


@cache
def _text(file: str) -> str:
    path = ASSETS / file
    return path.read_text(encoding="utf-8", errors="replace") if file and path.is_file() else ""
