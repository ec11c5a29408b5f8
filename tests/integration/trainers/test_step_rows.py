"""Pairs of steps: what DPO trains on where a text goes on from the assistant's words."""

from pathlib import Path
from typing import Any

import pytest

from backend.engines import _chat
from backend.engines.transformers import Transformers
from backend.trainers import _step_rows
from backend.trainers._inputs import Row
from backend.trainers.dpo import DPO
from tests.integration.trainers.training import KNOBS, message, progress, train

PREFIX = [*message("user", "2 + 3 ="), *message("assistant", "2 + 3\n")]
STEP = {
    "prompt": PREFIX,
    "chosen": message("assistant", "so\n"),
    "rejected": message("assistant", "5"),
    "weight": 1.0,
    "goes_on": ["chosen"],
}
FIRST = {
    "prompt": PREFIX[:1],
    "chosen": message("assistant", "2 + 3\n"),
    "rejected": message("assistant", "no\n"),
    "weight": 0.5,
    "goes_on": ["chosen", "rejected"],
}


@pytest.fixture
def tokenizer(tiny: Path) -> Any:
    with Transformers(model=str(tiny), device="cpu") as engine:
        return engine._tokenizer


def row(number: int, data: dict[str, Any]) -> Row:
    columns = {name: data[name] for name in ("prompt", "chosen", "rejected", "weight")}
    return Row(number, columns, {"goes_on": data["goes_on"]} if "goes_on" in data else {})


def test_the_tokens_are_those_of_sampling_and_a_turn_ends_only_behind_a_last_step(tokenizer: Any):
    first, second = _step_rows.pairs(tokenizer, [row(0, STEP), row(1, FIRST)], 100)
    (asked,) = _chat.encode(tokenizer, None, [PREFIX])
    assert first["prompt_ids"] == asked
    assert tokenizer.decode(first["prompt_ids"]).endswith("2 + 3\n")
    assert tokenizer.decode(first["chosen_ids"]) == "so\n"
    whole = tokenizer.apply_chat_template([PREFIX[0], *message("assistant", "2 + 3\n5")], return_dict=False)
    assert first["prompt_ids"] + first["rejected_ids"] == whole, "the whole text as one closed turn"
    assert tokenizer.decode(second["chosen_ids"]) == "2 + 3\n"
    assert second["weight"] == 0.5
    with pytest.raises(StopIteration):
        _step_rows.pairs(tokenizer, [row(0, STEP)], len(asked))


def test_rows_of_whole_answers_are_left_to_trl(tokenizer: Any):
    plain = {name: value for name, value in FIRST.items() if name != "goes_on"}
    assert not _step_rows.are_steps([row(0, plain)])
    assert _step_rows.are_steps([row(0, plain), row(1, STEP)])


@pytest.mark.parametrize("weigh", [False, True])
def test_dpo_trains_on_steps(weigh: bool, tiny: Path, tmp_path: Path):
    knobs = KNOBS | {"max_steps": 2, "logging_steps": 1}
    train(DPO(**knobs, weigh_examples=weigh), tiny, tmp_path / "out", data=[STEP, FIRST])
    losses = [entry["metrics"]["loss"] for entry in progress(tmp_path / "out") if "loss" in entry["metrics"]]
    assert losses[1] < losses[0]
