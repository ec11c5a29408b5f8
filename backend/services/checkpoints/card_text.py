"""The text of a card for the model hub: a head of YAML between two lines, and Markdown below it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from backend.pipeline.provenance import library_version
from backend.values import JOINED, JSON

MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
LINK = re.compile(r"(?i)\b(https?|ftp|mailto):|\bwww\.")
LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}")


def card(head: Mapping[str, Any], *parts: str) -> str:
    """The whole text, its parts a blank line apart. What is None or empty is left out of the head."""
    kept = {name: value for name, value in head.items() if value not in (None, "", [], {})}
    text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1_000)
    return f"---\n{text}---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def plain(text: object) -> str:
    """A text in one line that Markdown shows as it is: an address in it is no link."""
    marked = MARKS.sub(r"\\\1", " ".join(str(text).split()))
    return LINK.sub(lambda match: f"{match[0][:-1]}\\{match[0][-1]}", marked)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of texts; empty without rows."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def funnel(steps: Sequence[JSON]) -> str:
    """From prompts to training rows, with the reasons for what fell out and from where others joined."""
    return table(["from prompts to training rows", "count", "fell out or joined"], [_step(step) for step in steps])


def _step(step: JSON) -> list[str]:
    dropped = [f"{count:,} {reason}" for reason, count in (step.get("dropped") or {}).items() if count]
    joined = [f"{step[key]:,} {text} joined" for key, text in JOINED.items() if step.get(key)]
    return [str(step["stage"]), f"{step['count']:,}", "; ".join([*dropped, *joined])]


def libraries(versions: Mapping[str, Any]) -> str:
    """Library and version of each that is known."""
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)


def decided(people: int, decisions: int, overrides: int) -> str:
    """What people decided, without their names: a card leaves the installation."""
    if not decisions:
        return "Nobody decided anything: these are the judge's words alone."
    who = "1 person" if people == 1 else f"{people:,} people"
    note = f"{overrides:,} of their decisions differ from what the judge had said." if overrides else ""
    return f"{who} decided {decisions:,} times on its samples. {note}".strip()


def made_with() -> str:
    return f"Written by Rondo {library_version('rondo') or ''}".strip() + " from its records."


def license_of(readme: str) -> str:
    """The license that a model's README names in its head; empty where it names none."""
    match = re.match(r"\A---\s*\n(.*?)\n---\s*(\n|\Z)", readme.lstrip("\ufeff"), re.DOTALL)
    if match is None:
        return ""
    try:
        content = yaml.safe_load(match[1])
    except (yaml.YAMLError, RecursionError):
        return ""
    name = content.get("license") if isinstance(content, dict) else None
    if isinstance(name, list) and len(name) == 1:
        name = name[0]
    return name.lower() if isinstance(name, str) and LICENSE.fullmatch(name.lower()) else ""
