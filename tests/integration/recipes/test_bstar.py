"""Zeng et al. 2024 (B-STaR), arXiv 2412.17256: what makes it that method."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.metrics import Evidence
from backend.metrics.balance_score import BalanceScore
from backend.recipes import Recipe
from backend.services import rounds
from backend.services.plans.sizes import Sizes, sizes
from backend.services.results import summaries
from backend.values import JobStatus, RoundStatus, Stage
from tests.groups import prompt
from tests.integration.loop import JUDGE, RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.loop import Lines, run

RECIPE = recipes.get("bstar")


def score(*lines: str) -> float | None:
    """The balance score of what is kept of one prompt, whose answer is 4."""
    result = run(RECIPE, Lines(lines=lines), prompt("2+2?", answer="4"))
    kept = frozenset(example.sample_id for example in result.selection.examples)
    (metric,) = [entry for entry in RECIPE.metrics if isinstance(entry, BalanceScore)]
    return metric.compute(Evidence(round_groups=[result.group], kept=kept))[0].value


def test_temperatures_are_tried_with_64_samples_before_every_round():
    trials = RECIPE.schedule.trials()
    assert {trial["generator"]["n"] for trial in trials} == {64}
    assert [trial["generator"]["temperature"] for trial in trials] == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
    assert RECIPE.schedule.pilot_prompts == 64
    assert RECIPE.schedule.metric == "balance_score"


def test_without_a_step_scorer_the_threshold_is_0_or_1_and_only_the_temperature_is_tuned():
    assert all("selector" not in trial for trial in RECIPE.schedule.trials())
    # 64 samples in 16 ways, 6 of them right: 6 kept after duplicates, all right, of 8 wanted.
    ways = [f"way {n} #### 4" for n in range(6)] + [f"way {n} #### 5" for n in range(10)]
    assert score(*ways) == 6 / 8


def test_more_than_eight_right_ones_are_no_better():
    assert score(*(f"way {n} #### 4" for n in range(8))) == score(*(f"way {n} #### 4" for n in range(32))) == 1.0


def test_a_prompt_without_a_right_sample_is_in_no_mean():
    assert score("#### 5") is None


def test_each_round_goes_on_from_the_last_checkpoint():
    assert (RECIPE.trainer.name, RECIPE.trainer.start) == ("sft", "policy")


WAYS = tuple(f"{way}#### {answer}" for answer in (4, 5, 6, 7, 8) for way in ("", "so ", "well, "))

SOLVER = {"name": "scripted", "rules": [{"pattern": "prompt", "reply": WAYS}]}

GRID = {"temperatures": (0.0, 0.4, 0.8), "prompts": 4, "n": 12}


def bstar(**changes: Any) -> Recipe:
    """The recipe at another temperature than it will have; scripted texts are the same at all but 0."""
    known = {"generator": {"n": 6, "temperature": 1.0}, "schedule": GRID, "trainer": TRAINING | {"start": "base"}}
    return recipes.get("bstar").with_changes(known | {"groups_per_batch": 2} | changes)


def tuned(round_id: int) -> dict[str, Any]:
    with reading() as db:
        return db.get_one(tables.Round, round_id).tuned


def test_the_first_job_tries_temperatures_and_the_round_samples_at_the_best(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(bstar(), SOLVER, tiny)
    first, second = loop.launch(), loop.launch()
    trying = loop.waiting(first)
    assert trying is not None
    assert (trying.stage, trying.spec) == (Stage.generate, {"kind": "tune"})
    ended = loop.run(first)
    assert (ended.status, ended.stage, ended.error) == (RoundStatus.running, Stage.train, None)
    result = tuned(first)
    zero, low, high = [trial["metrics"]["balance_score"] for trial in result["trials"]]
    # At 0 all samples of a prompt are one text: at most one of eight wanted.
    assert zero in (None, 1 / 8)
    assert low == high > 1 / 8
    assert result["changes"] == {"generator": {"temperature": 0.4}}, "of equal ones the lower"
    recipe = Recipe.model_validate(ended.recipe)
    assert (recipe.generator.temperature, recipe.generator.n) == (0.4, 6)
    assert recipe.schedule == bstar().schedule
    # What was tried is no row of the round.
    assert len(rows_of_round(first)["texts"]) == 6 * len(RIGHT)
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 5
    assert rows_of_round(second) == rows_of_round(first)
    assert tuned(second) == result
    with reading() as db:
        asked = select(tables.Job.stage, tables.Job.spec).where(tables.Job.round_id == first).order_by(tables.Job.id)
        jobs = db.execute(asked).all()
        samples = db.get_one(tables.Round, first).counts["samples"]
    assert [(stage, spec.get("kind")) for stage, spec in jobs] == [
        (Stage.generate, "tune"),
        (Stage.generate, None),
        (Stage.judge, None),
        (Stage.select, None),
        (Stage.train, None),
    ]
    assert samples == 6 * len(RIGHT)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_pilot_prompts_stay_and_the_next_round_tries_again(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []
    ask = type(bstar().prompt_source).ask

    def noted(self: Any, *args: Any, **more: Any) -> Any:
        reply = ask(self, *args, **more)
        asked.append([group.prompt.id for group in reply])
        return reply

    monkeypatch.setattr(type(bstar().prompt_source), "ask", noted)
    loop = Loop(bstar(), SOLVER, tiny)
    parent = loop.launch(seed=1)
    loop.run(parent)
    plan = rounds.defaults(loop.actor, loop.project.id, parent)
    assert plan.recipe["generator"]["temperature"] == 0.4
    assert plan.seed == 2
    child = rounds.launch(loop.actor, loop.project.id, plan)
    assert loop.run(child).stage is Stage.train
    # Pilot and round of each. With another seed the round's prompts stand in another order, those of the pilot do not.
    (pilot, prompts), (pilot_again, prompts_again) = asked[:2], asked[2:]
    assert pilot_again == pilot
    assert len(pilot) == 4
    assert sorted(prompts_again) == sorted(prompts)
    assert prompts_again != prompts


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_thresholds_are_tried_on_the_texts_that_a_judge_scored_once(tiny: Path) -> None:
    changes = {
        "judge": {"name": "additive_rubric", "votes": 1},
        "selector": {"threshold": 0.0},
        "schedule": {
            "temperatures": (0.0, 0.7),
            "thresholds": (2.0, 4.0, 9.0),
            "prompts": 3,
            "n": 4,
            "metric": "distinct_2",
        },
        "metrics": [{"name": "distinct_n", "unit": "character"}],
        "unparsed_limit": 1.0,
    }
    loop = Loop(bstar(**changes), JUDGE, tiny)
    round_id = loop.launch()
    ended = loop.run(round_id)
    assert ended.stage in (Stage.train, Stage.select), ended.error
    trials = tuned(round_id)["trials"]
    assert [list(trial["changes"]["selector"].values()) for trial in trials] == [[2.0], [4.0], [9.0]] * 2
    # This metric looks at all texts, whatever is kept of them: its values differ by temperature alone.
    values = [trial["metrics"]["distinct_2"] for trial in trials]
    assert values[0] == values[1] == values[2]
    assert values[3] == values[4] == values[5]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_job_that_tries_out_counts_no_samples_on_the_overview(tiny: Path) -> None:
    loop = Loop(bstar(), SOLVER, tiny)
    round_id = loop.launch()
    with reading() as db:
        *_, line = summaries.lines_of(db, loop.project.id)
    assert (line.round_id, line.samples) == (round_id, None)


def test_what_is_tried_is_in_the_estimate() -> None:
    recipe = bstar(generator={"n": 6, "max_tokens": 10})
    # 5 prompts with 6 samples; three temperatures with 4 pilot prompts and 12 samples of each.
    assert sizes(recipe, 0, prompts=5, taken=0) == Sizes(30 + 144, 0, 1740, tried=144)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_whole_round_of_bstar(tiny: Path) -> None:
    loop = Loop(bstar(metrics=[{"name": "balance_score"}]), SOLVER, tiny)
    round_id = loop.launch()
    ended = loop.run(round_id, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with reading() as db:
        metric = db.scalars(select(tables.Metric).where(tables.Metric.name == "balance_score")).one()
        statuses = set(db.scalars(select(tables.Job.status)))
    assert statuses == {JobStatus.done}
    # Only right samples are kept, n' of n* = 8 of each prompt of which any is.
    (rows,) = rows_of_round(round_id)["rows"].values()
    kept = {prompt: sum(row["prompt"][0]["content"] == prompt for row in rows) for prompt in RIGHT}
    some = [min(count / 8, 1.0) for count in kept.values() if count]
    assert metric.value == pytest.approx(sum(some) / len(some))
