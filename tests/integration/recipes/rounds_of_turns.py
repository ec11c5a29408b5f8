"""What rounds of several turns, of critics and of judges share."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend import recipes
from backend.db import tables
from backend.recipes import Recipe
from backend.values import RoundStatus, Stage, Verdict
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SHORT = TRAINING | {"max_steps": 1, "start": "base", "reference": "base"}
ANSWERS = tuple(f"#### {answer}" for answer in RIGHT.values())


def short(name: str, *phases: int, metrics: tuple[Any, ...] = (), **knobs: dict[str, Any]) -> Recipe:
    """The recipe, or some phases of it, trained for one step. knobs: changes of parts by their kind or name."""
    data = recipes.get(name).model_dump(mode="json")
    known = {"trainer": SHORT} | knobs
    all_phases = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [all_phases[n] for n in phases] if phases else all_phases
    for step in (step for phase in kept for step in phase["steps"]):
        step["part"] |= known.get(step["kind"], {}) | known.get(step["name"], {})
    return Recipe.model_validate(
        data | {"phases": kept, "groups_per_batch": 2, "metrics": metrics, "unparsed_limit": 1}
    )


def scripted(**replies: Any) -> dict[str, Any]:
    """An engine whose replies follow from what it is asked; patterns are written with _ for a space."""
    return {
        "name": "scripted",
        "rules": [{"pattern": pattern.replace("_", " "), "reply": reply} for pattern, reply in replies.items()],
    }


def trained(loop: Loop, monkeypatch: pytest.MonkeyPatch, **plan: Any) -> tuple[tables.Round, dict[str, Any]]:
    """A round that dies in each of its transactions, and makes what an undisturbed one makes up to the training."""
    first, second = loop.launch(**plan), loop.launch(**plan)
    stopped = loop.run(first)
    assert (stopped.stage, stopped.error) == (Stage.train, None)
    with dying(monkeypatch) as kills:
        ended = loop.run(second, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    assert kills[0] > 5
    undisturbed, result = rows_of_round(first), rows_of_round(second)
    assert (result["texts"], result["said"]) == (undisturbed["texts"], undisturbed["said"])
    assert undisturbed["rows"].items() <= result["rows"].items()
    return ended, result


def last(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that were trained on at the end."""
    return list(result["rows"][max(result["rows"])])


def last_content(row: dict[str, Any], column: str) -> str:
    return str(row[column][-1]["content"])


def texts(result: dict[str, Any], source: int, step: int | None = None) -> list[tuple[int, str, Verdict | None]]:
    """Of the groups of a source the place of the group, text and verdict of each sample, of one step or of all."""
    return [(row[1], row[7], row[9]) for row in result["texts"] if row[0] == source and step in (None, row[4])]


def with_parents(result: dict[str, Any], source: int, below: int) -> Iterator[tuple[Any, Any]]:
    """Each text with each that answers a question about it, where every text of the first source was asked about."""
    above = texts(result, source)
    for place, text, verdict in texts(result, below):
        yield above[place], (place, text, verdict)
