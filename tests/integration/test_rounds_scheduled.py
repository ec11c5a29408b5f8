"""One short round of recipes whose schedule looks back or whose pairs are weighed: scripted texts, real training."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.errors import InvalidInput
from backend.recipes import Recipe
from backend.services import rounds
from backend.services.rounds import auto
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from backend.values import RoundStatus, Split, Verdict
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_mixed import ended
from tests.integration.trainers.training import KNOBS, train
from tests.rows import make_checkpoint, make_prompt_set
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
ONE_STEP = KNOBS | {"max_steps": 1, "logging_steps": 1, "max_length": 512}
RL = {"num_generations": 2, "per_device_train_batch_size": 2, "max_completion_length": 4}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def short(name: str, *, keep: tuple[str, ...] = (), **changes: dict[str, Any]) -> Recipe:
    """The recipe, each training one step from the tiny model; changes by name or kind of the step."""
    data = recipes.get(name).with_changes({"groups_per_batch": 4, "unparsed_limit": 1.0}).model_dump(mode="json")
    data["metrics"] = [metric for metric in data["metrics"] if metric["name"] in keep]
    for step in data.get("steps") or [{"kind": k, "name": "", "part": data[k]} for k in ("generator", "trainer")]:
        part = step["part"]
        if step["kind"] == "trainer":
            part |= ONE_STEP | ({} if part["start"] == "taught" else {"start": "base"})
            part |= {"reference": "base"} if part["reference"] == "policy" else {}
            part |= RL if part["name"] == "grpo" else {}
        part |= changes.get(step["name"] or step["kind"], {})
    return Recipe.model_validate(data)


def rows_of(round_id: int) -> list[list[dict[str, Any]]]:
    return list(rows_of_round(round_id)["rows"].values())


def done(loop: Loop, round_id: int) -> tables.Round:
    result = loop.run(round_id, trains=True)
    assert (result.status, result.error) == (RoundStatus.done, None)
    return result


class Sums(Loop):
    """Prompts of two difficulties without known answers, and held-out ones with them."""

    def __init__(self, recipe: Recipe, engine: dict[str, Any], folder: Path) -> None:
        super().__init__(recipe, engine, folder)
        self.prompts = make_prompt_set(self.project, prompts=["prompt 1+1", "prompt 1+2", "prompt 11+22"])
        self.held_out = make_prompt_set(
            self.project, prompts=["prompt 2+2", "prompt 22+33"], answers=["4", "55"], split=Split.held_out
        )
        with session() as db:
            for prompt in db.scalars(select(tables.Prompt)):
                prompt.extra = {"difficulty": (len(prompt.text) - len("prompt +")) / 2}

    def launch(self, **plan: Any) -> int:
        return super().launch(**{"held_out_set_ids": (self.held_out.id,)} | plan)


ADDER = {
    "name": "scripted",
    "rules": [
        {"pattern": r"11\+22", "reply": "ten and twenty, one and two\n#### 33"},
        {"pattern": r"1\+1", "reply": "one and one\n#### 2"},
        {"pattern": r"1\+2", "reply": "one and two\n#### 3"},
        {"pattern": "prompt", "reply": "#### 4"},
    ],
}


@pytest.mark.parametrize("name", ["easy_to_hard", "reasoning_as_policy_improvement"])
def test_harder_prompts_follow_where_the_easy_ones_are_answered(tiny: Path, name: str) -> None:
    loop = Sums(short(name, keep=("accuracy_by_difficulty",), sample={"n": 2}, generator={"n": 2}), ADDER, tiny)
    first = loop.launch()
    assert loop.run(first).error is None
    ended(first, loop.policy.id)
    with session() as db:
        round_ = {"project_id": loop.project.id, "round_id": first, "created_at": now()}
        for level, value in ((1, 1.0), (2, 1.0)):
            db.add(tables.Metric(**round_, checkpoint_id=loop.policy.id, name=f"accuracy_at_{level}", value=value, n=1))
    plan = rounds.defaults(loop.actor, loop.project.id, first)
    second = done(loop, rounds.launch(loop.actor, loop.project.id, plan))
    assert second.tuned == {"changes": {"prompt_source": {"lowest": 2.0, "highest": 2.0}}}
    (before, *_), (new, *_, trained) = rows_of(first), rows_of(second.id)
    # What is harder is labelled by the policy alone; what it was trained on before stays in.
    assert {last_content(row, "prompt") for row in before} == {"prompt 1+1", "prompt 1+2"}
    assert {last_content(row, "prompt") for row in new} == {"prompt 11+22"}
    assert trained == new + before
    answers = {last_content(row, "completion") for row in trained}
    if name == "easy_to_hard":
        assert answers == {"one and one\n#### 2", "one and two\n#### 3", "ten and twenty, one and two\n#### 33"}
    else:
        assert answers == {"#### 2", "#### 3", "#### 33"}
        assert all(len(row["prompt"]) == 1 for row in trained)
    # The new checkpoint was measured at each level; the untrained model answers neither, so that the level stays.
    with reading() as db:
        query = select(tables.Metric.name, tables.Metric.value)
        measured = dict(
            db.execute(query.where(tables.Metric.checkpoint_id == second.checkpoint_id).order_by(tables.Metric.name))
            .tuples()
            .all()
        )
    assert measured == {"accuracy_at_1": 0.0, "accuracy_at_2": 0.0}
    third = rounds.defaults(loop.actor, loop.project.id, second.id)
    assert recipes.read(third.recipe).prompt_source.highest == 2.0  # type: ignore[attr-defined]


def test_spin_diffusion_ends_where_own_texts_cannot_be_told_from_the_data(tiny: Path) -> None:
    echo = {
        "name": "scripted",
        "rules": [{"pattern": prompt, "reply": f"{answer} ."} for prompt, answer in RIGHT.items()],
    }
    loop = Loop(short("spin_diffusion", keep=("two_sample_accuracy", "pair_gap")), echo, tiny)
    first = done(loop, loop.launch(num_rounds=3))
    (pairs,) = rows_of(first.id)
    assert {(last_content(row, "chosen"), last_content(row, "rejected")) for row in pairs} == {
        (n, f"{n} .") for n in RIGHT.values()
    }
    with session() as db:
        auto.after_round(db, first.id)
    with reading() as db:
        row = db.get_one(tables.Round, first.id)
        rows = dict(db.execute(select(tables.Metric.name, tables.Metric.value)).tuples().all())
    # Each text is nearest to the one that it repeats: (1, 1) and (1, 0) have the cosine 1 / sqrt 2.
    assert rows["two_sample_accuracy"] == 0
    assert rows["pair_distance"] == pytest.approx(1 - 0.5**0.5, abs=1e-5)
    assert row.auto["left"] == 2
    assert row.auto["stopped"].startswith("The warning cannot_be_told_apart holds: two_sample_accuracy is 0, below")
    # A person may go on, and is told.
    plan = rounds.defaults(loop.actor, loop.project.id, first.id)
    warnings = rounds.estimate(loop.actor, loop.project.id, plan).warnings
    assert any("The warning cannot_be_told_apart holds" in warning for warning in warnings)


def test_corrective_self_distillation_weighs_what_the_former_self_got_wrong(tiny: Path) -> None:
    solver = {
        "name": "scripted",
        "rules": [
            {"pattern": "prompt [ab]", "reply": "#### 0"},
            {"pattern": "prompt c", "reply": "#### 6"},
            {"pattern": "prompt", "reply": "I do not know"},
        ],
    }
    loop = Loop(short("corrective_self_distillation"), solver, tiny)
    first = done(loop, loop.launch())
    _, trained = rows_of(first.id)
    assert {last_content(row, "prompt"): last_content(row, "completion") for row in trained} == RIGHT
    weights = {last_content(row, "prompt")[-1]: row.get("weight", 1.0) for row in trained}
    assert weights == {"a": 2.0, "b": 2.0, "c": 1.0, "d": 1.0, "e": 1.0}
    second = loop.launch(parent_id=first.id, seed=4)
    assert loop.run(second).error is None
    again = {last_content(row, "prompt")[-1]: row.get("weight", 1.0) for row in rows_of(second)[1]}
    assert again == weights | {"a": 4.0, "b": 4.0}


def test_multimodal_self_evolving_goes_on_with_the_optimizers_state(tiny: Path) -> None:
    pilot = {"prompts": 2, "n": 4, "temperatures": (0.7, 1.1)}
    recipe = short("multimodal_self_evolving", keep=("balance_score",), generator={"n": 6}).with_changes(
        {"schedule": pilot}
    )
    texts = tuple(f"{way}\n#### {answer}" for way in ("so", "well then", "hm") for answer in (4, 5, 6, 7, 8))
    loop = Loop(recipe, {"name": "scripted", "rules": [{"pattern": "prompt", "reply": texts}]}, tiny)
    ratings = [{"pattern": "well then", "number": 2.0}, {"pattern": "", "number": 0.0}]
    scorer = make_checkpoint(loop.project, "table", engine={"name": "scripted", "ratings": ratings})
    first = done(loop, loop.launch(roles={"scorer": scorer.id}))
    assert len(first.tuned["trials"]) == 2
    (rows,) = rows_of(first.id)
    assert all(last_content(row, "completion").endswith(f" {RIGHT[last_content(row, 'prompt')]}") for row in rows)
    for row in (
        text
        for text in rows_of_round(first.id)["texts"]
        if text[9] is Verdict.accept and text[7].startswith("well then")
    ):
        assert row[7] in {last_content(record, "completion") for record in rows}, "what the scorer puts first is kept"
    with reading() as db:
        final = settings().folder / db.get_one(tables.Checkpoint, first.checkpoint_id).location
    import torch

    def steps(folder: Path) -> set[float]:
        result = torch.load(folder / "optimizer.pt", weights_only=True)
        return {float(entry["step"]) for entry in result.values()}

    assert steps(final) == {1.0}
    knobs = ONE_STEP | {"continue_optimizer": True, "lr_scheduler_type": "constant"}
    assert steps(train(SFT(**knobs), final, settings().folder / "again")) == {2.0}
    assert not (train(SFT(**ONE_STEP), final, settings().folder / "anew") / "optimizer.pt").exists()
    with pytest.raises(InvalidInput, match="is of other weights"):
        train(SFT(**knobs, lora=True), final, settings().folder / "other")


def test_self_steering_learns_from_a_principle_kept_and_broken(tiny: Path) -> None:
    steered = {
        "name": "scripted",
        "rules": [
            {"pattern": "Answer so that it sounds", "reply": ("all is well", "no harm done")},
            {"pattern": "Answer fully", "reply": ("see a doctor", "call for help")},
        ],
    }
    loop = Loop(short("self_steering", keep=("pair_gap",)), steered, tiny)
    round_ = done(loop, loop.launch())
    pairs, steady, again, again_steady = rows_of(round_.id)
    assert pairs == steady == again == again_steady, "in the first round all pairs stay, for both trainings"
    assert len(pairs) == len(RIGHT)
    assert {last_content(row, "chosen") for row in pairs} <= {"see a doctor", "call for help"}
    assert {last_content(row, "rejected") for row in pairs} <= {"all is well", "no harm done"}
    assert all(len(row["prompt"]) == 1 for row in pairs), "no condition is trained on"
    with reading() as db:
        role = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == round_.id)).one()
        assert db.get_one(tables.Checkpoint, role.checkpoint_id).kind == "scorer"
        gap = db.scalars(select(tables.Metric).where(tables.Metric.name == "pair_distance")).one()
    assert (gap.n, gap.value) == (len(RIGHT), pytest.approx(1.0, abs=0.01))


def test_uncertainty_enhanced_po_draws_pairs_that_a_scorer_with_dropout_is_sure_of(tiny: Path) -> None:
    writer = {"name": "scripted", "rules": [{"pattern": "prompt", "reply": tuple(f"text {n}" for n in range(9))}]}
    recipe = short(
        "uncertainty_enhanced_po", generator={"n": 4}, judge={"passes": 3}, mixer={"share": 0.6, "most_flip": 0.4}
    )
    loop = Loop(recipe, writer, tiny)
    folder = train(RewardModel(**ONE_STEP, dropout=0.5), tiny, settings().folder / "scorer")
    assert json.loads((folder / "config.json").read_text())["attention_dropout"] == 0.5
    weights = {"name": "transformers", "model": str(folder), "head": "score"}
    scorer = make_checkpoint(loop.project, engine=weights)
    round_ = done(loop, loop.launch(roles={"scorer": scorer.id}))
    with reading() as db:
        judgment = tables.Judgment
        scores: dict[int, list[float | None]] = {}
        for entry in db.scalars(select(judgment).order_by(judgment.sample_id, judgment.position)):
            scores.setdefault(entry.sample_id, []).append(entry.score)
    assert {len(score) for score in scores.values()} == {3}
    assert any(len(set(score)) == 3 for score in scores.values()), "each pass drops something else"
    pairs, drawn = rows_of(round_.id)
    assert len(drawn) == math.ceil(0.6 * len(pairs)) < len(pairs)
    assert {last_content(row, "prompt") for row in drawn} < {last_content(row, "prompt") for row in pairs}
    assert all(0 <= row["flip"] <= 0.4 for row in drawn)
    assert any(row["flip"] > 0 for row in drawn)


PROBLEMS = (
    "how many legs have three spiders",
    "what is two and two and two",
    "name the day before the day after next monday",
    "who sits left of the one on your right",
    "when does a clock strike most often",
)
AUTHOR = {
    "name": "scripted",
    "rules": [
        {"pattern": "Write a harder task", "reply": PROBLEMS},
        {"pattern": ".", "reply": (*["so\n#### 8"] * 3, "well\n#### 6", "hm\n#### 5")},
    ],
}


def test_co_evolving_data_trains_twice_on_problems_that_the_model_half_knows(tiny: Path) -> None:
    recipe = short("co_evolving_data", answers={"n": 8})
    loop = Loop(recipe, AUTHOR, tiny)
    round_ = done(loop, loop.launch())
    texts = rows_of_round(round_.id)["texts"]
    problems = {row[7] for row in texts if row[0] == 0}
    kept, band, prompts, banded = rows_of(round_.id)
    # Problems of the model's own, each with an answer of its majority; only those on which it is neither sure nor lost.
    assert {last_content(row, "prompt") for row in kept} <= problems
    rates = {
        text: [row[9] is Verdict.accept for row in texts if row[0] == 3 and row[2][0]["content"] == text]
        for text in problems
    }
    able = {text for text, some in rates.items() if some and 0.3 <= sum(some) / len(some) <= 0.8}
    assert (
        {last_content(row, "prompt") for row in band} == {last_content(row, "prompt") for row in banded} == able > set()
    )
    assert len(prompts) == len({text for text, some in rates.items() if some})
    with reading() as db:
        role = db.scalars(select(tables.RoundRole).where(tables.RoundRole.role == "taught")).one()
        assert db.get_one(tables.Checkpoint, round_.checkpoint_id).parent_id == role.checkpoint_id
