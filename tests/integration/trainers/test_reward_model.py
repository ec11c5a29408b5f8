"""A reward model of a tiny model: what it learns, what it leaves, and how it scores."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.engines import Ability, _scorers, answered
from backend.engines.transformers import Transformers
from backend.errors import InvalidInput, MissingPrerequisite, PromptError
from backend.trainers.reward_model import RewardModel
from backend.trainers.sft import SFT
from backend.values import Sampling
from tests.integration.trainers.training import KNOBS, message, progress, rows, same, spec_for, tensors, train

CHAT = message("user", "1 + 1 =")


def scores(final: Path, texts: list[str], **knobs: Any) -> list[float]:
    with Transformers(model=str(final), head="score", device="cpu", **knobs) as engine:
        return engine.rate([CHAT] * len(texts), texts)


@pytest.mark.parametrize("lora", [False, True])
def test_chosen_texts_score_higher_after_training(lora: bool, tiny: Path, tmp_path: Path):
    final = train(RewardModel(**KNOBS | {"max_steps": 12, "learning_rate": 1e-2}, lora=lora), tiny, tmp_path / "out")
    assert (final / "adapter_config.json").is_file() == lora
    assert _scorers.is_scorer(str(final))
    right, wrong = scores(final, ["2", "?"])
    assert right > wrong
    record = json.loads((final / "train.json").read_text())
    assert (record["steps"], record["rows"], record["rows_used"], record["metrics"]["accuracy"]) == (12, 16, 16, 1.0)
    if lora:
        assert {name for name in tensors(final) if "score" in name}, "the head is saved with the adapter"
        with Transformers(model=str(tiny), adapter=str(final), head="score", device="cpu") as engine:
            assert engine.rate([CHAT], ["2"]) == pytest.approx([right], abs=1e-5)
    with pytest.raises(InvalidInput, match="is a scorer: its head gives one number and writes no text"):
        Transformers(model=str(final)).check()


def test_the_loss_is_that_of_the_pairs_under_a_head_that_the_seed_makes(tiny: Path, tmp_path: Path):
    """-log sigmoid(r+ - r-) + c (r+ + r-)^2, the mean over the pairs, from plain forward passes."""
    import torch

    data = rows("preference", 4)
    trainer = RewardModel(**KNOBS | {"max_steps": 1}, center_rewards_coefficient=0.5)
    spec = spec_for(trainer, tiny, tmp_path / "out", data=data)
    trainer.main(spec)
    model = _scorers.load(str(tiny), dtype=torch.float32, seed=spec.seed)
    with Transformers(model=str(tiny), device="cpu") as engine:
        tokenizer = engine._tokenizer
    expected = 0.0
    for row in data:
        sides = []
        for side in ("chosen", "rejected"):
            ids = tokenizer.apply_chat_template(answered(row["prompt"], row[side][0]["content"]), return_dict=False)
            with torch.no_grad():
                sides.append(model.score(model.base_model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]))
        term = -torch.nn.functional.logsigmoid(sides[0] - sides[1]) + 0.5 * (sides[0] + sides[1]) ** 2
        expected += float(term) / len(data)
    assert progress(tmp_path / "out")[1]["metrics"]["loss"] == pytest.approx(expected, abs=1e-4)


def test_it_scores_as_in_training_whatever_stands_beside_it(tiny: Path, tmp_path: Path):
    """The last token's hidden state by the head, without padding; batches change nothing."""
    import torch

    final = train(RewardModel(**KNOBS), tiny, tmp_path / "out")
    texts = ["2", "a longer text <|eos|>", ""]
    values = scores(final, texts)
    assert scores(final, texts, batch_size=1) == pytest.approx(values, abs=1e-5)
    with Transformers(model=str(final), head="score", device="cpu") as engine:
        assert engine.abilities == {Ability.rate}
        assert engine.rate([], []) == []
        ids = engine._tokenizer.apply_chat_template(answered(CHAT, "2"), return_dict=False)
        with torch.no_grad():
            plain = engine._model.score(engine._model.model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1])
        begun = [*CHAT, {"role": "assistant", "content": "a longer"}]
        assert engine.rate([begun], [" text <|eos|>"]) == pytest.approx([values[1]], abs=1e-5)
        with pytest.raises(PromptError, match="Prompt and text have") as error:
            engine.rate([CHAT, CHAT], ["2", "7" * 300])
        assert error.value.position == 1
        with pytest.raises(MissingPrerequisite, match="cannot write texts"):
            engine.complete([CHAT], Sampling())
    assert values[0] == pytest.approx(float(plain), abs=1e-5)


def test_a_resumed_training_ends_in_the_same_scorer(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stopped at its second checkpoint, as by a kill; the head is not made anew."""
    from backend.trainers import _run

    trainer = RewardModel(**KNOBS | {"save_steps": 1, "logging_steps": 1})
    whole = train(trainer, tiny, tmp_path / "whole")
    spec, build = spec_for(trainer, tiny, tmp_path / "cut"), _run.build

    def dies(*given: Any) -> Any:
        from transformers import TrainerCallback

        class Dies(TrainerCallback):
            def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if state.global_step == 2:
                    raise KeyboardInterrupt

        fitted = build(*given)
        fitted.add_callback(Dies())
        return fitted

    monkeypatch.setattr(_run, "build", dies)
    with pytest.raises(KeyboardInterrupt):
        trainer.main(spec)
    monkeypatch.setattr(_run, "build", build)
    assert not (tmp_path / "cut/final").exists()
    trainer.main(spec)
    assert same(whole, tmp_path / "cut/final")
    assert json.loads((tmp_path / "cut/final/train.json").read_text())["resumed_from_step"] == 2


def test_a_scorer_is_trained_further_and_is_no_start_of_a_policy(tiny: Path, tmp_path: Path):
    first = train(RewardModel(**KNOBS), tiny, tmp_path / "first")
    second = train(RewardModel(**KNOBS | {"max_steps": 1, "learning_rate": 1e-9}), first, tmp_path / "second")
    assert scores(second, ["2", "?"]) == pytest.approx(scores(first, ["2", "?"]), abs=1e-4)
    with pytest.raises(InvalidInput, match="is a scorer: its head gives one number"):
        train(SFT(**KNOBS), first, tmp_path / "third")


def test_an_adapter_of_a_policy_is_merged_before_it_gets_a_head(tiny: Path, tmp_path: Path):
    policy = train(SFT(**KNOBS, lora=True), tiny, tmp_path / "policy")
    few = KNOBS | {"max_steps": 1, "learning_rate": 1e-9}
    final = train(RewardModel(**few), policy, tmp_path / "scorer")
    body = tensors(final)
    assert (final / "model.safetensors").is_file()
    with Transformers(model=str(policy), device="cpu") as engine:
        merged = engine._model.state_dict()
    name = "model.layers.0.mlp.up_proj.weight"
    assert abs(body[name] - merged[name]).max() < 1e-5
    assert abs(body[name] - tensors(tiny)[name]).max() > 1e-4
    with pytest.raises(InvalidInput, match="an adapter that starts from the adapter of a policy"):
        train(RewardModel(**few, lora=True), policy, tmp_path / "twice")


def test_rows_with_a_long_text_are_left_out_and_named(tiny: Path, tmp_path: Path):
    data = rows("preference", 6)
    data[2]["rejected"] = message("assistant", "7" * 80)
    final = train(RewardModel(**KNOBS, max_length=40), tiny, tmp_path / "out", data=data)
    record = json.loads((final / "train.json").read_text())
    assert (record["rows_used"], [(entry[0], entry[1]) for entry in record["left_out"]]) == (5, [(2, "too_long")])
    assert "A text of the row, with its prompt, has" in record["left_out"][0][2]
    with pytest.raises(InvalidInput, match="a text of each, with its prompt, is longer than max_length"):
        train(RewardModel(**KNOBS, max_length=4), tiny, tmp_path / "none")


def test_a_head_of_two_numbers_is_no_scorer(tiny: Path, tmp_path: Path):
    final = train(RewardModel(**KNOBS | {"max_steps": 1}), tiny, tmp_path / "out")
    config = json.loads((final / "config.json").read_text())
    labels = {"0": "no", "1": "yes"}
    (final / "config.json").write_text(json.dumps(config | {"id2label": labels}))
    with pytest.raises(InvalidInput, match="gives 2 numbers, and a scorer gives one"):
        Transformers(model=str(final), head="score").check()
    with pytest.raises(InvalidInput, match="has no head that scores"):
        Transformers(model=str(tiny), head="score").check()
