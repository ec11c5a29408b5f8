"""Chen et al. 2024 (SPIN), arXiv 2401.01335: what makes it that method."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.pipeline import rows as dataset_rows
from backend.recipes import Recipe
from backend.services import prompts, queue, reviews, rounds
from backend.values import DecisionKind, Group, Prompt, RoundStatus, Stage
from tests.groups import sample
from tests.importing import lines, put
from tests.integration.loop import RIGHT, Loop, both
from tests.integration.test_rounds_anchored import SMALL, of_answers, text_of, weights
from tests.integration.test_rounds_anchored import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

RECIPE = recipes.get("spin")
PLACES = RECIPE.places()
PROMPT = Prompt(1, [{"role": "user", "content": "1+1=?"}], "It is 2.")


def test_the_known_answer_is_preferred_to_the_opponents_whatever_its_quality():
    (answers,) = PLACES[2].step.part.generate(None, [PROMPT], seed=0)
    known = replace(answers[0], id=2, role=PLACES[2].step.by)
    own = sample(1, "It is 2, of course.", role=PLACES[1].step.by)
    (pair,) = PLACES[3].step.part.select([Group(PROMPT, (own, known))], seed=0).examples
    assert (pair.sample_id, pair.rejected_id) == (2, 1)


def test_nobody_judges():
    assert RECIPE.of_kind("judge") == []
    assert recipes.judge_of(RECIPE.model_dump(mode="json")) == {}


def test_the_opponent_is_the_policy_which_is_trained_and_compared_with():
    opponent, trainer = PLACES[1].step, PLACES[4].step.part
    assert (opponent.by, trainer.start, trainer.reference) == ("policy", "policy", "policy")
    assert (trainer.beta, trainer.loss_type) == (0.1, ("sigmoid",))
    assert (opponent.part.n, opponent.part.temperature, opponent.part.top_p) == (1, 1.0, 1.0)
    # What files brought is nothing that the opponent wrote.
    assert not opponent.part.take_imported


def test_from_the_second_round_the_pairs_of_this_and_the_last_one_are_trained_on():
    assert (RECIPE.earlier_rounds, RECIPE.earlier_rounds_limit) == (True, 1)


def test_people_decide_before_pairs_are_made():
    assert RECIPE.gate() == 3


OPPONENT = {
    "name": "scripted",
    "rules": [{"pattern": "prompt a", "reply": "4"}, {"pattern": "prompt", "reply": "I think 4"}],
}


def spin(**changes: Any) -> Recipe:
    """On texts of an untrained model, which seldom come to an end."""
    known = {"opponent": {"max_tokens": 8}, "selector": {"drop_truncated": False}, "trainer": SMALL}
    return recipes.get("spin").with_changes(known | {"groups_per_batch": 2, "metrics": []} | changes)


def from_base() -> Recipe:
    """With a scripted opponent, which has no weights: the base's are trained."""
    return spin(trainer=SMALL | {"start": "base", "reference": "base"})


def rows_of(round_id: int) -> dict[int, list[dict[str, Any]]]:
    """The rows of each frozen dataset of a round, by step."""
    with reading() as db:
        rows = db.execute(select(tables.Dataset.step, tables.Dataset.id).where(tables.Dataset.round_id == round_id))
        return {step: list(dataset_rows.iterate(db, dataset_id)) for step, dataset_id in rows.all()}


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
