"""Checkpoints that are weights and how they are used: made, measured beside the plain one, trained from, kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput
from backend.recipes import Recipe
from backend.services import checkpoints, rounds
from backend.services.checkpoints import model_checks, wrappers
from backend.values import RoundStatus, Split
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

pytestmark = pytest.mark.on_sqlite
HELD_OUT = {"question h": "4", "question i": "5"}


def short(name: str, *phases: int, metrics: tuple[str, ...] = (), **knobs: dict[str, Any]) -> Recipe:
    """The recipe, or some phases of it, in small batches. knobs: changes by the name of a step or of a part."""
    data = recipes.get(name).model_dump(mode="json")
    every = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [every[n] for n in phases] if phases else every
    for step in (step for phase in kept for step in phase["steps"]):
        step["part"] |= knobs.get(step["part"]["name"], {}) | knobs.get(step["name"], {})
    chosen = [{"name": metric} for metric in metrics]
    return Recipe.model_validate(data | {"phases": kept, "groups_per_batch": 2, "metrics": chosen, "unparsed_limit": 1})


def scripted(*rules: tuple[str, Any]) -> dict[str, Any]:
    return {"name": "scripted", "rules": [{"pattern": pattern, "reply": reply} for pattern, reply in rules]}


def held_out(loop: Loop) -> tuple[int, ...]:
    texts, answers = list(HELD_OUT), list(HELD_OUT.values())
    return (make_prompt_set(loop.project, prompts=texts, answers=answers, split=Split.held_out).id,)


def checkpoint(round_: tables.Round) -> tables.Checkpoint:
    with reading() as db:
        return db.get_one(tables.Checkpoint, round_.checkpoint_id)


def measured(round_: tables.Round) -> dict[int, dict[str, float]]:
    """By checkpoint, what the round measured."""
    row = tables.Metric
    fields: dict[int, dict[str, float]] = {}
    with reading() as db:
        query = select(row.checkpoint_id, row.name, row.value)
        for id_, name, value in db.execute(query.where(row.round_id == round_.id, row.checkpoint_id.is_not(None))):
            fields.setdefault(id_, {})[name] = value
    return fields


REFINED = scripted(
    ("(?s)prompt a.*Look at your answer", "Good.\nApproved: yes"),
    ("(?s)in mind.*Look at your answer", "Better.\nApproved: yes"),
    ("in mind", "#### 4"),
    ("Look at your answer", "It is wrong."),
    ("", "I think it is #### 0"),
)


def test_self_refine_is_measured_against_the_same_checkpoint_as_it_is(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(short("self_refine", metrics=("held_out_accuracy", "held_out_tokens")), REFINED, tiny)
    sets = held_out(loop)
    first, second = loop.launch(held_out_set_ids=sets), loop.launch(held_out_set_ids=sets)
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch) as kills:
        killed = loop.run(second, trains=True)
    assert (killed.status, kills[0] > 5) == (RoundStatus.done, True)
    result = rows_of_round(first)
    assert rows_of_round(second) == result
    assert result["rows"] == {}, "nothing is trained"
    # Feedback that approves is not followed by a revision.
    assert len([text for text in result["texts"] if text[0] == 2]) == 5
    assert len([text for text in result["texts"] if text[0] == 5]) == 4
    row = checkpoint(ended)
    assert (row.kind, row.parent_id, row.engine["name"], row.engine["inner"]) == (
        "wrapper",
        loop.policy.id,
        "self_refine",
        loop.policy.engine,
    )
    assert checkpoint(killed).engine == row.engine
    plain, refined = (measured(ended)[id_] for id_ in (loop.policy.id, row.id))
    # One of the two held-out answers is 4. A draft has 6 words; feedback, revision and approval have 3, 2 and 3.
    assert (plain["held_out_accuracy"], refined["held_out_accuracy"]) == (0.0, 0.5)
    assert (plain["held_out_tokens"], refined["held_out_tokens"]) == (6.0, 14.0)
    with reading() as db:
        sample = tables.Sample
        query = select(sample.reasoning).where(sample.round_id == first, sample.checkpoint_id == row.id)
        assert all("Draft:\nI think it is #### 0" in entry for entry in db.scalars(query))
    _is_a_checkpoint_like_any_other(loop, first, row)


def _is_a_checkpoint_like_any_other(loop: Loop, round_id: int, row: tables.Checkpoint) -> None:
    """It is offered as the next start, checked, described, and keeps what it uses from being deleted."""
    plan = rounds.defaults(loop.actor, loop.project.id, round_id)
    assert (plan.policy_id, wrappers.needing_weights(plan.recipe)) == (row.id, frozenset())
    warned = rounds.estimate(loop.actor, loop.project.id, plan).warnings
    assert any("asks its model up to 9 times for one answer" in warning for warning in warned)
    lines = model_checks.check(loop.actor, row.id).lines
    assert [line.name for line in lines] == ["engine", "files"]
    assert "self_refine around scripted" in lines[0].text
    detail = checkpoints.detail(loop.actor, row.id)
    assert (detail.row.engine, detail.row.has_weights) == ("self_refine around scripted", False)
    assert [(use.name, use.knobs["max_revisions"]) for use in detail.uses] == [("self_refine", 4)]
    assert detail.dataset_id is None
    with pytest.raises(Conflict, match=r"is used by .*other checkpoints"):
        checkpoints.delete(loop.actor, loop.policy.id)
    # There are no weights inside that could be trained.
    loop.recipe = recipes.get("rejection_sampling")
    loop.policy = row
    with pytest.raises(InvalidInput, match="is served by scripted, and training needs weights"):
        loop.launch()


HANDY = scripted(
    ("(?s)prompt a.*Now write each rule", "behavior_one: Count up.\nbehavior_two: Look twice."),
    ("(?s)prompt b.*Now write each rule", "behavior_one: Count up.\nbehavior_three: Be brief."),
    ("Now write each rule", "There is none."),
    ("Go through your solution", "It was long."),
    ("(?s)behavior_one: Count up.*question h", "#### 4"),
    ("question h", "Let me see, it could be #### 3"),
    ("", "a trace"),
)


def test_a_handbook_cites_its_traces_grows_and_is_measured(tiny: Path) -> None:
    recipe = short("behavior_handbook", 0, metrics=("held_out_accuracy", "held_out_tokens"))
    loop = Loop(recipe, HANDY, tiny)
    ended = loop.run(loop.launch(held_out_set_ids=held_out(loop)), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    row = checkpoint(ended)
    traces = _traces(ended.id)
    a, b = traces["prompt a"], traces["prompt b"]
    assert sources(row) == {"behavior_one": {a, b}, "behavior_two": {a}, "behavior_three": {b}}
    assert (row.details["texts"], row.details["texts_without_lesson"], row.details["lessons"]) == (5, 3, 3)
    plain, guided = (measured(ended)[id_] for id_ in (loop.policy.id, row.id))
    assert (plain["held_out_accuracy"], guided["held_out_accuracy"]) == (0.0, 0.5)
    assert guided["held_out_tokens"] < plain["held_out_tokens"]
    # The next round begins with the handbook and adds to it; the older version stays what it is.
    plan = rounds.defaults(loop.actor, loop.project.id, ended.id)
    after = loop.run(rounds.launch(loop.actor, loop.project.id, plan), trains=True)
    assert (after.status, after.error) == (RoundStatus.done, None)
    grown, newer = checkpoint(after), _traces(after.id)
    assert grown.parent_id == row.id
    assert grown.engine["inner"] == loop.policy.engine, "one handbook, not one around another"
    assert sources(grown)["behavior_one"] == {a, b, newer["prompt a"], newer["prompt b"]}
    assert len(grown.engine["entries"]) == 3
    assert checkpoint(ended).engine == row.engine
    assert set(measured(after)) == {grown.id}, "the other two were measured before, in the same way"
    (use,) = checkpoints.detail(loop.actor, grown.id).uses
    assert (use.name, {lesson["name"] for lesson in use.lessons}) == ("library", set(sources(grown)))
    for used in (row.id, loop.policy.id):
        with pytest.raises(Conflict, match="other checkpoints"):
            checkpoints.delete(loop.actor, used)


def sources(row: tables.Checkpoint) -> dict[str, set[int]]:
    """By lesson the samples that it cites, each once."""
    result = {entry["name"]: entry["sources"] for entry in row.engine["entries"]}
    assert all(len(set(ids)) == len(ids) for ids in result.values())
    return {name: set(ids) for name, ids in result.items()}


def _traces(round_id: int) -> dict[str, int]:
    """The ids of a round's traces by what was asked."""
    sample, prompt = tables.Sample, tables.Prompt
    with reading() as db:
        query = select(prompt.text, sample.id).join(prompt, prompt.id == sample.prompt_id)
        selection = query.where(sample.round_id == round_id, sample.step == 1, sample.split == Split.train)
        return dict(db.execute(selection.where(sample.role == "policy", sample.text == "a trace")).tuples().all())


def test_training_from_a_handbook_trains_the_weights_inside_on_bare_prompts(tiny: Path) -> None:
    """A real model writes the traces and the lessons, answers with them, and is trained on what it answered."""
    few = {"n": 1, "max_tokens": 6}
    recipe = short(
        "behavior_handbook",
        metrics=("held_out_tokens",),
        traces=few,
        reflections=few,
        behaviors=few,
        guided=few | {"n": 2},
        keep_all={"drop_truncated": False},
        distill_lesson={"pattern": r"(?s)(?P<name>\S)(?P<text>.*\S.*)", "template": "{handbook}\n{prompt}"},
        exact_match={"pattern": "^(.)"},
        above_threshold={"threshold": 0.0, "drop_truncated": False},
        sft=TRAINING | {"max_steps": 1},
    )
    loop = Loop(recipe, {"name": "transformers", "model": str(tiny)}, tiny)
    first = loop.run(loop.launch(held_out_set_ids=held_out(loop), num_prompts=3), trains=True)
    assert (first.status, first.error) == (RoundStatus.done, None)
    book = checkpoint(first)
    assert (book.kind, book.engine["name"], len(book.engine["entries"]) > 0) == ("wrapper", "library", True)
    assert set(measured(first)) == {loop.policy.id, book.id}
    plan = rounds.defaults(loop.actor, loop.project.id, first.id)
    warnings = rounds.estimate(loop.actor, loop.project.id, plan).warnings
    assert any(f"{book.name} answers by library around transformers. Trained" in warning for warning in warnings)
    assert checkpoints.detail(loop.actor, book.id).row.has_weights
    second = loop.run(rounds.launch(loop.actor, loop.project.id, plan), trains=True)
    assert (second.status, second.error, second.phase) == (RoundStatus.done, None, 1)
    trained = checkpoint(second)
    assert (trained.kind, trained.parent_id, trained.engine["name"]) == ("full", book.id, "transformers")
    assert trained.engine["model"] == trained.location
    record = json.loads((settings().folder / trained.location / "train.json").read_text())
    assert (record["spec"]["policy"], record["rows_used"] > 0) == (str(tiny), True)
    (rows,) = rows_of_round(second.id)["rows"].values()
    assert {row["prompt"][0]["content"] for row in rows} <= {"prompt a", "prompt b", "prompt c", "prompt d", "prompt e"}
