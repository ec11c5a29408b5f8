"""Rounds of the recipes that filter what was sampled: scripted texts, real training, killed and run again."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.engines.transformers import Transformers
from backend.recipes import Recipe
from backend.selectors._entropy import entropy
from backend.values import RoundStatus, Verdict
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.trainers.test_trl import token_logprobs
from tests.integration.trainers.training import message, progress, train
from tests.tiny import make_tiny_model

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WAYS = tuple(f"{way}#### {answer}" for answer in (4, 5, 6, 7, 8) for way in ("", "well, ", "let me think of it: "))
SOLVER = {
    "name": "scripted",
    "rules": [
        {"pattern": "A box holds 12 eggs", "reply": tuple(f"= {answer}" for answer in (4, 5, 6, 7, 8))},
        {"pattern": "prompt", "reply": (*WAYS, "I give up")},
    ],
}


def short(name: str, **changes: Any) -> Recipe:
    """The recipe, trained from the tiny model for two steps."""
    beside = {"trainer": TRAINING | {"start": "base"}, "groups_per_batch": 2, "metrics": []}
    return recipes.get(name).with_changes(beside | changes)


RECIPES = {
    "rest_em": short("rest_em", selector={"max_per_prompt": 2}, trainer=TRAINING),
    "concise_self_training": short("concise_self_training"),
    "irpo": short("irpo", selector={"pairs_per_prompt": 3}),
    "lmsi": short("lmsi"),
    "east": short("east"),
}


def texts(round_id: int) -> dict[str, list[tuple[str, Verdict | None]]]:
    """Of each prompt the texts and verdicts of its samples, in order."""
    group, sample, label = tables.Group, tables.Sample, tables.Label
    query = (
        select(tables.Prompt.messages, sample.text, label.verdict)
        .join(group, group.prompt_id == tables.Prompt.id)
        .join(sample, sample.group_id == group.id)
        .outerjoin(label, label.sample_id == sample.id)
        .where(sample.round_id == round_id)
        .order_by(sample.id)
    )
    by_prompt: dict[str, list[tuple[str, Verdict | None]]] = {prompt: [] for prompt in RIGHT}
    with reading() as db:
        for messages, text, verdict in db.execute(query):
            by_prompt[messages[0]["content"]].append((text, verdict))
    return by_prompt


def last_content(row: dict[str, Any], column: str) -> str:
    return str(row[column][0]["content"])


def rows_of(result: dict[str, Any], prompt: str) -> list[dict[str, Any]]:
    (rows,) = result["rows"].values()
    return [row for row in rows if last_content(row, "prompt") == prompt]


def trained(name: str, folder: Path) -> tuple[tables.Round, dict[str, Any]]:
    """A whole round of the recipe; raises AssertionError where it fails."""
    loop = Loop(RECIPES[name], SOLVER, folder)
    ended = loop.run(loop.launch(), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    result = rows_of_round(ended.id)
    # Every row asks what the prompt asks, nothing else.
    (rows,) = result["rows"].values()
    assert {last_content(row, "prompt") for row in rows} <= set(RIGHT)
    assert ended.counts["kept"] == len(rows) > 0
    with reading() as db:
        assert db.get_one(tables.Checkpoint, ended.checkpoint_id).parent_id == loop.base.id
    return ended, result


@pytest.mark.parametrize("name", RECIPES)
def test_killed_in_every_transaction_it_makes_the_same(tiny: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    loop = Loop(RECIPES[name], SOLVER, tiny)
    first, second = loop.launch(), loop.launch()
    assert loop.run(first).error is None
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 5
    assert rows_of_round(second) == rows_of_round(first)
    assert rows_of_round(first)["rows"]


@pytest.mark.slow
@ONE_DATABASE
def test_rest_em_keeps_right_samples_up_to_the_cap_and_trains_the_base(tiny: Path) -> None:
    assert RECIPES["rest_em"].trainer.start == recipes.get("rest_em").trainer.start == "base"
    ended, result = trained("rest_em", tiny)
    for prompt, answer in RIGHT.items():
        right = {text for text, _ in texts(ended.id)[prompt] if text.endswith(f"#### {answer}")}
        kept = {last_content(row, "completion") for row in rows_of(result, prompt)}
        assert kept <= right
        assert len(kept) == min(2, len(right)) > 0


@pytest.mark.slow
@ONE_DATABASE
def test_concise_self_training_keeps_the_shortest_right_one_of_both_ways_to_ask(tiny: Path) -> None:
    ended, result = trained("concise_self_training", tiny)
    kept = set()
    for prompt, answer in RIGHT.items():
        assert len(texts(ended.id)[prompt]) == 32
        right = [text for text, _ in texts(ended.id)[prompt] if text.endswith(answer)]
        (row,) = rows_of(result, prompt)
        assert last_content(row, "completion") == min(right, key=len)
        kept.add(last_content(row, "completion"))
    assert {text[0] for text in kept} == {"="}, "the brief ones, whose worked examples no row holds"


@pytest.mark.slow
@ONE_DATABASE
def test_irpo_trains_on_several_pairs_of_right_above_wrong(tiny: Path) -> None:
    _, result = trained("irpo", tiny)
    for prompt, answer in RIGHT.items():
        rows = rows_of(result, prompt)
        pairs = {(last_content(row, "chosen"), last_content(row, "rejected")) for row in rows}
        assert len(pairs) == len(rows) == 3
        assert all(chosen.endswith(answer) and not rejected.endswith(answer) for chosen, rejected in pairs)
        assert "I give up" not in {rejected for _, rejected in pairs}
        assert {row["weight"] for row in rows} == {1.0}


@pytest.mark.slow
@ONE_DATABASE
def test_lmsi_keeps_every_path_to_the_majority_answer(tiny: Path) -> None:
    ended, result = trained("lmsi", tiny)
    for prompt, samples in texts(ended.id).items():
        # "I give up" is an answer, too, for a vote that knows none.
        votes = Counter(text.split("#### ")[-1] for text, _ in samples)
        (first, most), *others = votes.most_common()
        tied = [answer for answer, count in others if count == most]
        kept = sorted(last_content(row, "completion") for row in rows_of(result, prompt))
        assert kept == sorted(text for text, _ in samples if not tied and text.split("#### ")[-1] == first)
        assert len(kept) == sum(verdict is Verdict.accept for _, verdict in samples)
        assert most / 32 < 0.5, "below every usual threshold"


@pytest.mark.slow
@ONE_DATABASE
def test_east_weighs_prompts_by_the_entropy_of_their_answers(tiny: Path) -> None:
    ended, result = trained("east", tiny)
    for prompt, answer in RIGHT.items():
        # What cannot be read as a number is read as nothing.
        given = Counter(text[-1] for text, _ in texts(ended.id)[prompt] if "####" in text)
        wrong = {name: count for name, count in given.items() if name != answer}
        if not rows_of(result, prompt):
            assert answer not in given
            continue
        (row,) = rows_of(result, prompt)
        assert last_content(row, "chosen")[-1] == answer
        assert wrong[last_content(row, "rejected")[-1]] == max(wrong.values())
        assert row["weight"] == pytest.approx(entropy(list(given.values())), abs=1e-9)
    with reading() as db:
        checkpoint = db.get_one(tables.Checkpoint, ended.checkpoint_id)
    record = json.loads((settings().folder / checkpoint.engine["model"] / "train.json").read_text())
    (rows,) = result["rows"].values()
    assert min(row["weight"] for row in rows) > 1.5
    assert 0.5 < record["metrics"]["weight"] < 1.5, "divided by their mean"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model without a database."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", hidden=16, layers=1)


PAIRS = [("a", "yes", "n"), ("bb", "k", "nope"), ("c", "a longer text", "x")]


def pairs(*weights: float) -> list[dict[str, Any]]:
    return [
        {
            "prompt": message("user", prompt),
            "chosen": message("assistant", good),
            "rejected": message("assistant", bad),
            "weight": weight,
        }
        for (prompt, good, bad), weight in zip(PAIRS, weights, strict=True)
    ]


def first_loss(name: str, folder: Path, model: Path, data: list[dict[str, Any]], **knobs: Any) -> float:
    """The loss of the first step of the recipe's trainer, all rows in one batch, the reference being its start."""
    trainer = recipes.get(name).trainer.model_copy(update={"max_steps": 1, "learning_rate": 1e-9} | knobs)
    train(trainer, model, folder, data=data)
    return next(float(line["metrics"]["loss"]) for line in progress(folder) if "loss" in line["metrics"])


def test_irpo_adds_the_likelihood_of_the_chosen_text_divided_by_its_own_length(model: Path, tmp_path: Path) -> None:
    data = pairs(1.0, 1.0, 1.0)
    with Transformers(model=str(model), device="cpu") as engine:
        by_token = [token_logprobs(engine, row["prompt"], last_content(row, "chosen")) for row in data]
    nll = sum(-float(node.mean()) for node in by_token) / 3
    over_all_tokens = -sum(float(entry.sum()) for entry in by_token) / sum(len(entry) for entry in by_token)
    # At its start the policy is the reference: every margin is 0, and -log sigmoid(0) = log 2.
    assert first_loss("irpo", tmp_path / "irpo", model, data) == pytest.approx(math.log(2) + nll, abs=1e-4)
    assert nll > 1
    assert abs(nll - over_all_tokens) > 1e-3, "the lengths differ enough to tell the two means apart"
    half = first_loss("irpo", tmp_path / "half", model, data, loss_weights=(1.0, 0.5))
    assert half == pytest.approx(math.log(2) + nll / 2, abs=1e-4)
    # TRL's own terms, one example at a time, give the same.
    own = {"weigh_examples": False, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 3}
    assert first_loss("irpo", tmp_path / "trl", model, data, **own) == pytest.approx(math.log(2) + nll, abs=1e-4)
    alone = {"loss_type": ("sigmoid",), "loss_weights": (), "weigh_examples": False}
    assert first_loss("irpo", tmp_path / "dpo", model, data, **alone) == pytest.approx(math.log(2), abs=1e-4)


def test_east_divides_weights_by_their_mean(model: Path, tmp_path: Path) -> None:
    # Entropies of 1.5, 1 and 0.5 bits have the mean 1; so have 3, 2 and 1 once they are divided by 2.
    with_likelihood = {"loss_type": ("sigmoid", "sft"), "loss_weights": (1.0, 1.0)}
    values = [
        first_loss("east", tmp_path / f"{factor}", model, pairs(1.5 * factor, factor, 0.5 * factor), **with_likelihood)
        for factor in (1.0, 2.0)
    ]
    with Transformers(model=str(model), device="cpu") as engine:
        nll = [
            -float(token_logprobs(engine, row["prompt"], last_content(row, "chosen")).mean()) for row in pairs(1, 1, 1)
        ]
    expected = math.log(2) + (1.5 * nll[0] + nll[1] + 0.5 * nll[2]) / 3
    assert values == pytest.approx([expected, expected], abs=1e-4)
    plain = first_loss("east", tmp_path / "plain", model, pairs(3.0, 2.0, 1.0), normalise_weights=False)
    assert plain == pytest.approx(2 * math.log(2), abs=1e-4)
    assert first_loss("east", tmp_path / "east", model, pairs(3.0, 2.0, 1.0)) == pytest.approx(math.log(2), abs=1e-4)
