"""Rounds with mixers: the rows of several steps and rounds, killed and run again, and none of them kept."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.generators.sample import Sample
from backend.judges.exact_match import ExactMatch
from backend.mixers.deduplicate import Deduplicate
from backend.mixers.difficulty_band import DifficultyBand
from backend.mixers.earlier_rounds import EarlierRounds
from backend.mixers.replay_mix import ReplayMix
from backend.mixers.seed_share import SeedShare
from backend.prompt_sources.prompt_set import PromptSet
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.services import judge_health, reviews
from backend.trainers.dpo import DPO
from backend.trainers.sft import SFT
from backend.values import DecisionKind, RoundStatus, Split, Stage, Verdict
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, of_steps, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import SOLVER, last_content
from tests.rows import make_prompt_set

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEXTS = PromptSet(), Sample(n=8), ExactMatch(), AboveThreshold(max_per_prompt=2)
SFT_BASE = SFT(**TRAINING, start="base")


def mixed(*mixers: Any) -> Any:
    return of_steps(*TEXTS, *mixers, SFT_BASE, unparsed_limit=1.0)


def ended(round_id: int, checkpoint_id: int) -> None:
    """As if its training had run: the next round may stand on it."""
    with session() as db:
        row = db.get_one(tables.Round, round_id)
        db.query(tables.Job).filter_by(round_id=round_id).update({"active_key": None})
        row.status, row.checkpoint_id = RoundStatus.done, checkpoint_id


def rates(round_id: int) -> dict[str, float]:
    """The share of right samples of each prompt."""
    right: dict[str, list[bool]] = {}
    with reading() as db:
        query = select(tables.Prompt.text, tables.Label.verdict).join(
            tables.Sample, tables.Sample.prompt_id == tables.Prompt.id
        )
        query = query.join(tables.Label, tables.Label.sample_id == tables.Sample.id)
        for text, verdict in db.execute(
            query.where(tables.Sample.round_id == round_id, tables.Label.verdict.is_not(None))
        ):
            right.setdefault(text, []).append(verdict is Verdict.accept)
    return {text: sum(some) / len(some) for text, some in right.items()}


def funnel(round_id: int, step: int) -> dict[str, dict[str, Any]]:
    with reading() as db:
        selection = select(tables.Dataset.funnel).where(
            tables.Dataset.round_id == round_id, tables.Dataset.step == step
        )
        return {entry["stage"]: entry for entry in db.scalars(selection).one()}


def test_each_mixer_writes_a_dataset_of_its_own_and_killed_it_writes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(mixed(DifficultyBand(low=0.2, high=0.4), SeedShare(share=0.5)), SOLVER, tiny)
    seeds = make_prompt_set(loop.project, prompts=["seed a", "seed b", "seed c"], answers=["1", "2", None])
    first, second = (loop.launch(mix_set_ids=(seeds.id,)) for _ in range(2))
    result = loop.run(first)
    assert (result.stage, result.step, result.error) == (Stage.train, 6, None)
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 8
    outcome = rows_of_round(first)
    assert rows_of_round(second) == outcome
    selected, banded, seeded = (outcome["rows"][step] for step in (3, 4, 5))
    within = {text for text, rate in rates(first).items() if 0.2 <= rate <= 0.4}
    assert banded == [row for row in selected if last_content(row, "prompt") in within]
    assert 0 < len(banded) < len(selected)
    # Two known answers are all there are, for a half of the rows.
    assert seeded[: len(banded)] == banded
    assert {last_content(row, "completion") for row in seeded[len(banded) :]} == {"1", "2"}
    assert result.counts["kept"] == len(banded)
    stages = funnel(first, 5)
    assert list(stages) == [
        "prompts",
        "samples",
        "judged",
        "labelled",
        "selected",
        "difficulty_band",
        "seed_share",
        "training rows",
    ]
    assert stages["difficulty_band"]["count"] == len(banded)
    assert sum(stages["difficulty_band"]["dropped"].values()) == len(selected) - len(banded)
    assert (stages["training rows"]["count"], stages["training rows"]["seed rows"]) == (
        len(seeded),
        len(seeded) - len(banded),
    )


def test_rows_of_earlier_rounds_are_those_that_the_same_role_was_trained_on(tiny: Path) -> None:
    loop = Loop(mixed(Deduplicate(), EarlierRounds()), SOLVER, tiny)
    first = loop.launch()
    assert loop.run(first).error is None
    ended(first, loop.policy.id)
    second = loop.launch(parent_id=first, seed=4)
    assert loop.run(second).error is None
    before, now = rows_of_round(first)["rows"], rows_of_round(second)["rows"]
    new = [row for row in before[5] if row not in now[4]]
    assert now[5] == now[4] + new
    assert len(new) > 0
    assert funnel(second, 5)["training rows"]["earlier rounds"] == len(new)
    with reading() as db:
        kept = [db.get_one(tables.Round, n).counts["kept"] for n in (first, second)]
    assert kept == [len(before[5]), len(now[4])]


def test_a_known_answer_is_no_row_of_pairs_and_probes_are_no_rows_at_all(tiny: Path) -> None:
    """With nothing rejected beside it DPO would learn that an empty text is worse; a probe is measured, not trained on."""
    loop = Loop(mixed(EarlierRounds(), SeedShare(share=0.5)), SOLVER, tiny)
    seeds = make_prompt_set(loop.project, prompts=["seed a", "seed b"], answers=["1", "2"])
    first = loop.launch()
    assert loop.run(first).error is None
    ended(first, loop.policy.id)
    probe = next(iter(RIGHT))
    probes = make_prompt_set(loop.project, "round 1 probes", split=Split.held_out, prompts=[probe, "seed a"])
    with session() as db:
        db.get_one(tables.PromptSet, probes.id).origin = tables.PROBES
    second = loop.launch(parent_id=first, seed=4, mix_set_ids=(seeds.id,))
    assert loop.run(second).error is None
    asked = {last_content(row, "prompt") for row in rows_of_round(second)["rows"][5]}
    assert "seed b" in asked
    assert asked <= (set(RIGHT) | {"seed b"}) - {probe}

    pairs = of_steps(
        *TEXTS[:3], BestVersusWorst(), ReplayMix(own_new=0.5, imported=0.5, own_old=0), DPO(**TRAINING, start="base")
    )
    paired = Loop(pairs.model_copy(update={"unparsed_limit": 1.0}), SOLVER, tiny)
    seeds = make_prompt_set(paired.project, prompts=["seed a"], answers=["1"])
    stopped = paired.run(paired.launch(mix_set_ids=(seeds.id,)))
    assert "has 0 rows that a file brought (imported), and its share is 50%" in str(stopped.error)


def test_an_origin_without_rows_fails_the_job_and_says_so(tiny: Path) -> None:
    loop = Loop(mixed(ReplayMix()), SOLVER, tiny)
    stopped = loop.run(loop.launch())
    assert stopped.status is RoundStatus.failed
    assert "has 0 rows that a model wrote in an earlier round (own_old), and its share is 50%" in str(stopped.error)


def test_where_a_mixer_keeps_nothing_people_are_asked_again_and_the_steps_run_again(tiny: Path) -> None:
    nothing = DifficultyBand(low=0.999, high=1.0)
    loop = Loop(
        mixed(nothing), SOLVER | {"rules": [{"pattern": "prompt", "reply": ("#### 4", "#### 5", "#### 6")}]}, tiny
    )
    # People contradict the judge in everything, which would hold the round before its training.
    judge_health.set_limits(loop.actor, loop.project.id, {"hold": False})
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id)
    reviews.close(loop.actor, round_id)
    back = loop.run(round_id)
    assert (back.status, back.stage) == (RoundStatus.review, Stage.review)
    assert "The mixer difficulty_band kept nothing of" in str(back.error)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
        # What the labels of before chose would tell reviewers what the judge said.
        assert db.scalars(select(tables.Dataset)).all() == []
        assert not {"kept", "funnel"} & set(db.get_one(tables.Round, round_id).counts)
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"accept-{n:04}", DecisionKind.accept, n) for n in ids])
    reviews.close(loop.actor, round_id)
    again = loop.run(round_id)
    assert (again.status, again.stage, again.error) == (RoundStatus.running, Stage.train, None)
    assert set(rows_of_round(round_id)["rows"]) == {3, 4}
    assert {last_content(row, "prompt") for row in rows_of_round(round_id)["rows"][4]} == set(RIGHT)
