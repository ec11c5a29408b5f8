"""What is said of a training before it begins, against what the training then does, and a script of TRL alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.trainers import _run
from backend.trainers.dpo import DPO
from backend.trainers.kto import KTO
from backend.trainers.orpo import ORPO
from backend.trainers.self_refine import SelfRefine
from backend.trainers.sft import SFT
from tests.integration.trainers.training import KNOBS, message, rows, same, spec_for, train

LONG = {"prompt": message("user", "1 + 1 ="), "completion": message("assistant", "2" * 60)}


def looked_at(trainer: Any, policy: Path, folder: Path, **more: Any) -> dict[str, Any]:
    trainer.preflight(spec_for(trainer, policy, folder, **more))
    return json.loads((folder / "preflight.json").read_text())


@pytest.mark.parametrize(("kind", "lora"), [(SFT, False), (DPO, False), (KTO, False), (SFT, True)])
def test_the_script_trains_the_same_weights_with_trl_alone(kind: type[Any], lora: bool, tiny: Path, tmp_path: Path):
    trainer = kind(**KNOBS, lora=lora)
    spec = spec_for(trainer, tiny, tmp_path / "ours")
    (tmp_path / "spec.json").write_text(json.dumps(spec.to_json()))
    # In a process of its own: the first numbers of an adapter are drawn from what the process starts with.
    process = (sys.executable, "-m", "backend.trainers", str(tmp_path / "spec.json"))
    subprocess.run(process, check=True, capture_output=True, timeout=300) if lora else trainer.main(spec)
    content = json.loads((tmp_path / "ours/preflight.json").read_text())
    assert content["no_script"] == ""
    assert "backend" not in content["script"]
    (tmp_path / "script.py").write_text(content["script"])
    environment = os.environ | {"OUTPUT": "theirs", "DATASET": "ours.jsonl", "PYTHONPATH": ""}
    ran = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert same(tmp_path / "ours/final", tmp_path / "theirs")


def test_a_look_trains_nothing_and_says_what_the_training_then_does(tiny: Path, tmp_path: Path):
    trainer = SFT(**KNOBS | {"max_length": 40})
    data = [*rows("prompt_completion", 9), LONG, {**LONG, "prompt": message("user", "long " * 20)}]
    looked = looked_at(trainer, tiny, tmp_path / "looked", data=data)
    assert sorted(path.name for path in (tmp_path / "looked").iterdir()) == ["preflight.json"]
    final = train(trainer, tiny, tmp_path / "trained", data=data)
    content = json.loads((tmp_path / "trained/preflight.json").read_text())
    places = ("script", "config")
    assert {k: v for k, v in content.items() if k not in places} == {k: v for k, v in looked.items() if k not in places}
    record = json.loads((final / "train.json").read_text())
    assert (looked["rows"], looked["rows_used"]) == (record["rows"], record["rows_used"]) == (11, 10)
    assert looked["left_out"] == {"too_long": 1}
    assert looked["truncated"] == {"rows": 1, "of": 10}
    assert looked["longest"] == 40
    assert looked["steps"] == record["steps"] == 4


def test_the_first_rows_are_marked_as_the_loss_sees_them(tiny: Path, tmp_path: Path):
    [text] = looked_at(SFT(**KNOBS), tiny, tmp_path / "sft")["first"][0]
    assert [part["learned"] for part in text["parts"]] == [False, True]
    assert "0 + 1 =" in text["parts"][0]["text"]
    assert text["parts"][1]["text"].startswith("1")
    chosen, rejected = looked_at(DPO(**KNOBS), tiny, tmp_path / "dpo")["first"][0]
    assert (chosen["side"], rejected["side"]) == ("chosen", "rejected")
    assert [entry["parts"][-1]["text"][0] for entry in (chosen, rejected)] == ["1", "?"]
    assert not chosen["parts"][0]["learned"]


def test_tokens_are_those_of_the_chat_template(tiny: Path, tmp_path: Path):
    from backend.engines import _weights

    looked = looked_at(SFT(**KNOBS), tiny, tmp_path / "out")
    tokenizer: Any = _weights.load_tokenizer(str(tiny))
    whole = [
        len(tokenizer.apply_chat_template(row["prompt"] + row["completion"], tokenize=True, return_dict=False))
        for row in rows("prompt_completion")
    ]
    assert looked["tokens"] == sum(whole)
    assert looked["longest"] == max(whole)
    assert 0 < looked["tokens_learned"] < looked["tokens"]


def test_a_loss_that_is_not_trls_has_no_script_and_says_so(tiny: Path, tmp_path: Path):
    for name, trainer in (("weighed", DPO(**KNOBS, weigh_examples=True)), ("orpo", ORPO(**KNOBS))):
        result = looked_at(trainer, tiny, tmp_path / name)
        assert result["script"] is None
        assert "not TRL's own" in result["no_script"]
        assert result["first"][0]
    with pytest.raises(InvalidInput, match="no pre-flight"):
        SelfRefine().preflight(spec_for(SFT(**KNOBS), tiny, tmp_path / "none"))


def test_the_memory_of_a_model_is_counted_from_its_tensors(tiny: Path, tmp_path: Path):
    from safetensors import safe_open

    memory = looked_at(DPO(**KNOBS), tiny, tmp_path / "out")["memory"]
    with safe_open(tiny / "model.safetensors", "pt") as file:
        size = 4 * sum(file.get_tensor(name).numel() for name in file.keys())  # noqa: SIM118
    assert (memory["weights"], memory["reference"]) == (size, size)
    assert (memory["gradients"], memory["optimizer"]) == (size, 2 * size)
    assert memory["total"] == sum(value for name, value in memory.items() if name not in ("total", "how"))


def test_a_training_that_writes_its_own_texts_is_looked_at_without_its_judges(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from backend.judges.countdown import Countdown
    from backend.trainers.grpo import GRPO

    def no_trainer(*_: Any) -> None:
        raise AssertionError("TRL's trainer was made")

    monkeypatch.setattr(_run, "build", no_trainer)
    data = [{"prompt": message("user", f"{n} + 1 ="), "answer": str(n + 1)} for n in range(3)]
    trainer = GRPO(reward=Countdown(), max_length=64, max_completion_length=8)
    result = looked_at(trainer, tiny, tmp_path / "out", data=data)
    assert (result["rows_used"], result["tokens_learned"], result["memory"]) == (3, None, None)
    assert "0 + 1 =" in result["first"][0][0]["parts"][0]["text"]
