"""Rounds that pair texts of different origin: known answers, the first model's and the next one's."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.generators.own_answers import OwnAnswers
from backend.judges.exact_match import ExactMatch
from backend.pipeline import rows as dataset_rows
from backend.pipeline.bind import acting
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.services import prompts, queue, reviews, rounds
from backend.trainers.sft import SFT
from backend.values import DecisionKind, RoundStatus, Stage
from tests.importing import lines, put
from tests.integration.loop import JUDGE, RIGHT, TRAINING, Loop, both, dying, rows_of_round
from tests.rows import make_checkpoint, make_prompt_set
from tests.tiny import make_tiny_model

SMALL = TRAINING | {"max_steps": 1}
OPPONENT = {
    "name": "scripted",
    "rules": [{"pattern": "prompt a", "reply": "4"}, {"pattern": "prompt", "reply": "I think 4"}],
}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def weights(folder: Path) -> dict[str, Any]:
    return {"name": "transformers", "model": str(folder)}


def spin(**changes: Any) -> Recipe:
    """On texts of an untrained model, which seldom come to an end."""
    known = {"opponent": {"max_tokens": 8}, "selector": {"drop_truncated": False}, "trainer": SMALL}
    return recipes.get("spin").with_changes(known | {"groups_per_batch": 2, "metrics": []} | changes)


def from_base() -> Recipe:
    """With a scripted opponent, which has no weights: the base's are trained."""
    return spin(trainer=SMALL | {"start": "base", "reference": "base"})


def temporal() -> Recipe:
    """Three texts each, of an untrained model."""
    data = recipes.get("temporal_self_rewarding").model_dump(mode="json")
    knobs = {"generator": {"n": 3, "max_tokens": 8}, "selector": {"drop_truncated": False}, "trainer": SMALL}
    for step in data["steps"]:
        step["part"] |= knobs.get(step["kind"], {})
    return Recipe.model_validate(data | {"groups_per_batch": 2, "metrics": [], "unparsed_limit": 1.0})


def rows_of(round_id: int) -> dict[int, list[dict[str, Any]]]:
    """The rows of each frozen dataset of a round, by step."""
    with reading() as db:
        rows = db.execute(select(tables.Dataset.step, tables.Dataset.id).where(tables.Dataset.round_id == round_id))
        return {step: list(dataset_rows.iterate(db, dataset_id)) for step, dataset_id in rows.all()}


def text_of(row: dict[str, Any], side: str) -> str:
    return str(row[side][0]["content"])


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_spin_prefers_known_answers_and_trains_the_opponent_against_itself(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(spin(), weights(tiny), tiny)
    ended, result = both(loop, monkeypatch, trains=True)
    # Of each of 5 prompts the opponent's text and the known answer.
    assert sorted((row[4], row[5]) for row in result["texts"]) == [(1, "policy")] * 5 + [(2, "data")] * 5
    rows = result["rows"][3]
    assert {row["prompt"][0]["content"]: text_of(row, "chosen") for row in rows} == RIGHT
    written = {row[7] for row in result["texts"] if row[5] == "policy"}
    assert {text_of(row, "rejected") for row in rows} <= written
    with reading() as db:
        sample = tables.Sample
        makers = db.execute(select(sample.role, sample.kind, sample.checkpoint_id).distinct()).all()
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
        stages = list(db.scalars(select(tables.Job.stage).where(tables.Job.round_id == ended.id)))
    # No checkpoint wrote the known answers, and nobody judged.
    assert {tuple(maker) for maker in makers} == {("policy", "completion", loop.policy.id), ("data", "import", None)}
    assert Stage.judge not in stages
    assert checkpoint.parent_id == loop.policy.id
    # The round's own reference is the base; the loss compares with the opponent.
    trained = json.loads((settings().folder / checkpoint.location).parent.joinpath("spec.json").read_text())
    assert trained["reference"] == trained["policy"]
    assert ended.reference_id != ended.policy_id


def test_spin_trains_on_the_pairs_of_this_and_the_last_round(tiny: Path) -> None:
    loop = Loop(from_base(), OPPONENT, tiny)
    pairs, parent = [], None
    for text in ("one", "two", "three"):
        with session() as db:
            db.get_one(tables.Checkpoint, loop.policy.id).engine = {"name": "scripted", "replies": [text]}
        parent = loop.launch(parent_id=parent)
        assert loop.run(parent).stage is Stage.train
        pairs.append([text_of(row, "rejected") for row in rows_of(parent)[3]])
    assert pairs == [["one"] * 5, ["two"] * 5 + ["one"] * 5, ["three"] * 5 + ["two"] * 5]


def test_people_decide_on_a_round_that_nobody_judges(tiny: Path) -> None:
    loop = Loop(from_base(), OPPONENT, tiny)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 3)
    walk: set[int] = set()
    while shown := queue.queue(loop.actor, round_id, limit=10, held=sorted(walk)):
        walk |= {item.sample_id for item in shown}
    with reading() as db:
        query = select(tables.Sample.role, tables.Sample.prompt_id, tables.Sample.id)
        ids = {(role, prompt): n for role, prompt, n in db.execute(query)}
    assert walk == set(ids.values())
    first, *_, last = sorted({prompt for _, prompt in ids})
    acts = [
        reviews.Act("reject-0001", DecisionKind.reject, ids["data", last]),
        reviews.Act("accept-0001", DecisionKind.accept, ids["policy", first + 1]),
    ]
    reviews.decide_many(loop.actor, round_id, acts)
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    assert [row["prompt"][0]["content"] for row in sorted_rows(round_id)] == ["prompt c", "prompt d"]
    assert ended.counts["funnel"][4]["dropped"] == {
        "same text on both sides": 1,
        "rejected side: accepted by people": 1,
        "chosen side: rejected by people": 1,
    }


def sorted_rows(round_id: int) -> list[dict[str, Any]]:
    return sorted(rows_of(round_id)[3], key=lambda row: str(row["prompt"][0]["content"]))


def of_answers() -> Recipe:
    steps = (PromptSet(), OwnAnswers(), ExactMatch(), AboveThreshold(), SFT(**SMALL))
    return Recipe(name="answers", title="Answers", steps=steps, groups_per_batch=2)


def test_prompts_without_a_known_answer_are_left_out_where_nothing_else_answers(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(of_answers(), weights(tiny), tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["a", "b", "c"], answers=["4", None, "6"])
    round_id = loop.launch()
    with dying(monkeypatch) as kills:
        assert loop.run(round_id).stage is Stage.train
    assert kills[0] > 2
    result = rows_of_round(round_id)
    assert [(row[1], row[5], row[7], row[8]) for row in result["texts"]] == [(0, "data", "4", 1), (1, "data", "6", 1)]


def test_prompts_without_a_known_answer_give_no_pair_and_are_counted(tiny: Path) -> None:
    loop = Loop(from_base(), OPPONENT, tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["prompt x", "prompt y"], answers=["4", None])
    plan = rounds.Plan(
        recipe=loop.recipe.model_dump(mode="json"),
        policy_id=loop.policy.id,
        reference_id=loop.base.id,
        sample_set_ids=(loop.prompts.id,),
        num_prompts=2,
        is_reviewed=False,
    )
    estimate = rounds.estimate(loop.actor, loop.project.id, plan)
    # At most: one text of each kind for each prompt; only the opponent's 8 tokens are generated.
    assert (estimate.samples, estimate.tokens, estimate.judge_calls) == (4, 16, 0)
    assert any("1 of the 2 prompts in the chosen sets have no answer" in warning for warning in estimate.warnings)
    round_id = loop.launch(num_prompts=2)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    assert ended.counts["funnel"][4]["dropped"] == {"chosen side: no text by data": 1}
    assert len(rows_of(round_id)[3]) == 1


def test_completions_of_a_file_can_stand_for_known_answers(tiny: Path) -> None:
    data = from_base().model_dump(mode="json")
    data["steps"][2] = {"kind": "generator", "part": {"name": "imported"}, "by": "data"}
    loop = Loop(Recipe.model_validate(data), OPPONENT, tiny)
    written = [{"prompt": f"prompt {sign}", "completion": f"It is {n}."} for n, sign in enumerate("abc")]
    report = prompts.import_file(loop.actor, loop.project.id, "file", put("file.jsonl", lines(*written)))
    plan = {"sample_set_ids": (report.sets[0].id,)}
    known = rounds.Plan(loop.recipe.model_dump(mode="json"), loop.policy.id, loop.base.id, num_prompts=9, **plan)
    assert rounds.estimate(loop.actor, loop.project.id, known).samples == 6
    round_id = rounds.launch(loop.actor, loop.project.id, replace(known, is_reviewed=False))
    assert loop.run(round_id).stage is Stage.train
    pairs = {(text_of(row, "chosen"), text_of(row, "rejected")) for row in rows_of(round_id)[3]}
    assert pairs == {("It is 0.", "4"), ("It is 1.", "I think 4"), ("It is 2.", "I think 4")}


@pytest.mark.parametrize("recipe", [spin, of_answers])
def test_a_launch_without_any_known_answer_is_refused(tiny: Path, recipe: Any) -> None:
    loop = Loop(recipe(), weights(tiny), tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["a", "b"])
    with pytest.raises(InvalidInput, match="None of the 2 prompts in the chosen sets has an answer"):
        loop.launch()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_temporal_self_rewarding_looks_back_and_ahead_and_starts_again_from_the_present(tiny: Path) -> None:
    first_model = make_tiny_model(settings().folder / "models/first", hidden=16, layers=1, context=4096, seed=5)
    loop = Loop(temporal(), weights(tiny), first_model)
    judge = make_checkpoint(loop.project, engine=JUDGE)
    round_id = loop.launch(judge_id=judge.id)
    ended = loop.run(round_id, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    result = rows_of_round(round_id)
    with reading() as db:
        sample = tables.Sample
        written = db.execute(
            select(sample.step, sample.role, sample.checkpoint_id, func.count())
            .group_by(sample.step, sample.role, sample.checkpoint_id)
            .order_by(sample.step)
        ).all()
        judgment = tables.Judgment
        rows = db.execute(
            select(judgment.step, sample.role, judgment.checkpoint_id, func.count())
            .join(sample, sample.id == judgment.sample_id)
            .group_by(judgment.step, sample.role, judgment.checkpoint_id)
            .order_by(judgment.step, sample.role)
        ).all()
        bound = {row.role: row.checkpoint_id for row in db.scalars(select(tables.RoundRole))}
        made_of = {checkpoint.id: checkpoint for checkpoint in db.scalars(select(tables.Checkpoint))}
    future = bound["future"]
    # 3 texts for each of 5 prompts by each of the three models.
    assert [tuple(record) for record in written] == [
        (1, "policy", loop.policy.id, 15),
        (2, "base", loop.base.id, 15),
        (6, "future", future, 15),
    ]
    # One judge scores each text once, three times over: those of the future model after it was trained.
    assert [tuple(record) for record in rows] == [
        (3, "base", judge.id, 45),
        (3, "policy", judge.id, 45),
        (7, "future", judge.id, 45),
    ]
    assert_pairs(result)
    product = made_of[ended.checkpoint_id]
    assert (product.name, made_of[future].name) == ("round-1", "round-1-future")
    assert (product.parent_id, made_of[future].parent_id) == (loop.policy.id, loop.policy.id)
    assert {product.id, future} == set(made_of) - {loop.base.id, loop.policy.id, judge.id}


def assert_pairs(result: dict[str, Any]) -> None:
    """Each dataset holds what the catalogue's definition says, worked out here from the scores anew."""
    groups: dict[int, list[tuple[str, str, float]]] = {}
    for row in result["texts"]:
        if row[8] is not None and row[7].strip():
            groups.setdefault(row[1], []).append((row[5], row[7], row[8]))
    first, second = {}, {}
    for position, texts in groups.items():
        best = {role: max((s for r, _, s in texts if r == role), default=None) for role in ("policy", "future")}
        worst = {role: min((s for r, _, s in texts if r == role), default=None) for role in ("policy", "base")}
        assert None not in (*best.values(), *worst.values())
        low = worst["base"] if worst["base"] < worst["policy"] else worst["policy"]
        ahead = best["future"] if best["future"] > best["policy"] else best["policy"]
        first[position], second[position] = (best["policy"], low), (ahead, low)
    scores = {(row[1], row[7]): row[8] for row in result["texts"]}
    for step, expected in ((4, first), (8, second)):
        rows = result["rows"][step]
        assert len(rows) == sum(high > low for high, low in expected.values()) > 0
        kept = [position for position, (high, low) in sorted(expected.items()) if high > low]
        for position, row in zip(kept, rows, strict=True):
            pair = scores[position, text_of(row, "chosen")], scores[position, text_of(row, "rejected")]
            assert pair == expected[position]
    before = {row["prompt"][0]["content"]: text_of(row, "rejected") for row in result["rows"][4]}
    after = {row["prompt"][0]["content"]: text_of(row, "rejected") for row in result["rows"][8]}
    assert before.items() <= after.items(), "the rejected side is unchanged"


def test_the_judge_is_the_present_model_even_after_the_future_one_was_trained(tiny: Path) -> None:
    loop = Loop(temporal(), weights(tiny), tiny)
    round_id = loop.launch()
    with session() as db:
        other = tables.Checkpoint(
            project_id=loop.project.id, name="future", kind="full", location="x", engine={"name": "scripted"}
        )
        db.add(other)
        db.flush()
        db.add(tables.RoundRole(round_id=round_id, role="future", step=5, checkpoint_id=other.id))
        future = other.id
    with reading() as db:
        row = db.get_one(tables.Round, round_id)
    assert [acting(row, role, 7) for role in ("judge", "future", "base")] == [loop.policy.id, future, loop.base.id]
    assert [acting(row, "policy", step) for step in (1, 5, 9)] == [loop.policy.id] * 3
