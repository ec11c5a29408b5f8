"""Writes what follows from the code, docs/reference, the paper index and the client: `python -m docs.generate`.

`--check` writes nothing and exits with 1 if a page is not what the code says. tests/unit/test_reference.py looks, too.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from app.cli.commands import app as command_line
from backend import recipes
from backend.config import Settings
from backend.services import recipe_list
from backend.services.recipe_list import paper_index
from backend.services.recipes import parts
from backend.services.recipes.knobs import Knob
from docs import client
from docs.paper_index import paper_index_page
from docs.rest_page import rest_page
from docs.tables import default_text, paragraphs, table

HERE = Path(__file__).parent / "reference"
INDEX = Path(str(recipes.__file__)).with_name("README.md")
HEAD = "<!-- Written by `python -m docs.generate`. Change the code it is written from, and run it again. -->"
SHARED = 5
"""A knob that so many parts of a kind have alike is described once."""
TITLES = {
    "engine": "Engines",
    "prompt_source": "Prompt sources",
    "generator": "Generators",
    "judge": "Judges",
    "selector": "Selectors",
    "mixer": "Mixers",
    "trainer": "Trainers",
    "schedule": "Schedules",
    "metric": "Metrics",
    "environment": "Environments",
    "exporter": "Exporters",
}
RECIPES = """# Recipes

What each paper did, what differs here and what is quoted stands in the
[paper index](../../backend/recipes/README.md). `rondo recipes NAME` writes one recipe whole, every knob included. A bar
stands between phases.
"""
SETTINGS = """# Settings

Settings say where things are. What changes a result is in the recipe. Rondo reads them from the environment and from
the file `.env` in the working folder; a variable of the environment wins over `.env`.
"""
COMMANDS = """# Command line

The command is `.venv/bin/rondo` in a checkout, and `rondo` where the package is installed. Every command has `--help`.
With `--json` a command prints one JSON object.
"""


def main() -> None:
    """Write all pages, or with `--check` say which are stale."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    checks = arguments.parse_args().check
    made = {HERE / name: text for name, text in pages().items()} | {INDEX: index_page()}
    made |= {client.FOLDER / name: text for name, text in client.modules().items()}
    stale = [path for path, text in made.items() if _read(path) != text]
    names = ", ".join(path.name for path in stale)
    if checks:
        sys.exit(f"Stale: {names}. Run `python -m docs.generate`." if stale else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], encoding="utf-8")
    sys.stdout.write(f"Written: {names or 'nothing, all pages are up to date'}\n")


def pages() -> dict[str, str]:
    """Return the text of every generated page by its name below docs/reference."""
    made: dict[str, Callable[[], Iterable[str]]] = {
        "recipes.md": recipe_page,
        "rest.md": rest_page,
        "settings.md": settings_page,
        "command-line.md": command_page,
    }
    found = {name: page() for name, page in made.items()}
    found |= {f"parts/{kind.replace('_', '-')}s.md": part_page(kind) for kind in parts.KINDS}
    return {name: _page(lines) for name, lines in found.items()}


def index_page() -> str:
    """Return the text of the paper index."""
    return _page(paper_index_page(paper_index.texts()))


def _page(lines: Iterable[str]) -> str:
    return "\n".join([HEAD, "", *lines]).rstrip() + "\n"


def part_page(kind: str) -> Iterator[str]:
    """The parts of a kind that come with Rondo, with their knobs."""
    ours = {
        name: cls for name, cls in sorted(parts.KINDS[kind].registry.items()) if cls.__module__.startswith("backend.")
    }
    knobs = {name: parts.describe()[kind][name] for name in ours}
    counts = Counter(_row(knob) for listed in knobs.values() for knob in listed)
    shared = _shared(counts)
    yield f"# {TITLES[kind]}"
    yield ""
    yield " ".join((parts.KINDS[kind].__doc__ or "").strip().split("\n\n")[0].split())
    yield ""
    yield f"{len(ours)} are registered: {', '.join(f'[`{name}`](#{name})' for name in ours)}."
    if shared:
        yield from (
            "",
            "## Shared knobs",
            "",
            "Parts that have these knobs, with these defaults, name them at their end.",
            "",
        )
        yield from table(KNOBS, shared)
    for name, cls in ours.items():
        yield from ("", f"## {name}", "", *paragraphs(cls.__doc__))
        own = [_row(knob) for knob in knobs[name] if _row(knob) not in shared]
        alike = [f"`{knob.name}`" for knob in knobs[name] if _row(knob) in shared]
        if own:
            yield from ("", *table(KNOBS, own))
        if alike:
            yield from ("", f"[Shared knobs](#shared-knobs): {', '.join(alike)}.")


KNOBS = ("knob", "type", "default", "bounds", "meaning")


def _shared(counts: Counter[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The knobs that several parts have alike; of several variants of one name the commonest."""
    commonest: dict[str, tuple[str, ...]] = {}
    for row, count in counts.items():
        if count >= SHARED and count > counts.get(commonest.get(row[0], ()), 0):
            commonest[row[0]] = row
    return list(commonest.values())


def _row(knob: Knob) -> tuple[str, ...]:
    kind = " or ".join(f"`{choice}`" for choice in knob.choices) or knob.type.value
    if knob.kind:
        kind = f"[{knob.kind.replace('_', ' ')}]({knob.kind.replace('_', '-')}s.md)"
    default = "required" if knob.is_required else default_text(knob.default)
    return f"`{knob.name}`", kind, default, knob.bounds, knob.description


def recipe_page() -> Iterator[str]:
    """Every recipe that comes with Rondo: its steps, what it trains, what it needs."""
    yield RECIPES
    folder = Path(str(recipes.__file__)).parent
    rows = [
        (
            f"[`{one.name}`](../../backend/recipes/README.md#{one.name})",
            one.title,
            one.paper,
            " \\| ".join(", ".join(f"`{name}`" for name in phase) for phase in made.steps),
            ", ".join(map(str, made.training)),
            ", ".join(made.roles),
            ", ".join(map(str, made.needs)),
        )
        for one, made in recipe_list.registered()
        if (folder / f"{one.name}.py").is_file()
    ]
    yield from table(("recipe", "title", "paper", "steps", "trains", "roles to bind", "needs"), rows)


def settings_page() -> Iterator[str]:
    """Every setting of the environment."""
    yield SETTINGS
    rows = []
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        shown = "text, secret" if kind == SecretStr | None else getattr(kind, "__name__", "").replace("str", "text")
        default = field.default if field.default is not PydanticUndefined else None
        rows.append((f"`RONDO_{name.upper()}`", shown.lower(), default_text(default), field.description or ""))
    yield from table(("variable", "type", "default", "meaning"), rows)


def command_page() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield COMMANDS
    yield from _command("rondo", typer.main.get_command(command_line))


def _command(name: str, command: Any) -> Iterator[str]:
    if commands := getattr(command, "commands", None):
        for word in sorted(commands):
            yield from _command(f"{name} {word}", commands[word])
        return
    yield from (f"## {name}", "", *paragraphs(command.help))
    rows = [
        (_spelled(one), "required" if one.required else default_text(one.default), one.help or "")
        for one in command.params
    ]
    yield from ("", *table(("option", "default", "meaning"), rows), "")


def _spelled(one: Any) -> str:
    if one.param_type_name == "argument":
        return f"`{one.name.upper()}`"
    return ", ".join(f"`{word}`" for word in (*one.opts, *one.secondary_opts))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    main()
