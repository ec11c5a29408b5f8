"""Fine-tuning held near a teacher's hidden states: the loss by hand and on a fixed batch."""

import math
from pathlib import Path
from typing import Any

import pytest

from backend.engines.transformers import Transformers
from backend.errors import InvalidInput
from backend.trainers.hidden_state_sft import HiddenStateSFT, token_losses
from backend.trainers.sft import SFT
from tests.integration.trainers.losses import ONE_STEP, first_loss, first_metrics
from tests.integration.trainers.training import train
from tests.tiny import make_tiny_model

DATA = [{"text": "a text"}, {"text": "another one, longer"}]
TYPE = {"dataset_type": "language_modeling"}


def test_the_loss_by_hand():
    import torch

    logits = torch.tensor([[0.5, 0.5], [0.2, 0.8]]).log()
    hidden, teacher = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    # ||h - h_T||^2 is 4 and 25; the tokens have the probabilities 0.5 and 0.2.
    tensor = token_losses(logits, torch.tensor([0, 0]), hidden, teacher, 0.1)
    assert tensor.tolist() == pytest.approx([math.log(2) + 0.4, math.log(5) + 2.5])


def read(model: Path, text: str) -> tuple[Any, Any, Any]:
    """The log-probability of each next token of a text and its end token, and the hidden states they come from."""
    import torch

    with Transformers(model=str(model), device="cpu") as engine:
        ids = engine._tokenizer(text)["input_ids"]
        ids = torch.tensor(
            [ids if ids[-1] == engine._tokenizer.eos_token_id else [*ids, engine._tokenizer.eos_token_id]]
        )
        with torch.no_grad():
            result = engine._model(input_ids=ids, output_hidden_states=True)
            normed = engine._model.model(input_ids=ids).last_hidden_state[0, :-1]
    log_p = result.logits[0, :-1].float().log_softmax(-1).gather(-1, ids[0, 1:, None])[:, 0]
    return log_p, result.hidden_states[-1][0, :-1].float(), normed.float()


def test_the_pull_of_a_batch(tiny: Path, other: Path, tmp_path: Path):
    import torch

    lost, pulled, tokens = 0.0, 0.0, 0
    for field in DATA:
        log_p, ours, normed = read(tiny, field["text"])
        _, theirs, _ = read(other, field["text"])
        assert torch.allclose(ours, normed, atol=1e-5), "the hidden states behind the final norm"
        lost -= float(log_p.sum())
        pulled += float((ours - theirs).square().sum())
        tokens += len(log_p)
    trainer = HiddenStateSFT(**ONE_STEP, pull=0.5)
    value = first_loss(trainer, tiny, tmp_path / "out", DATA, reference=other, **TYPE)
    assert value == pytest.approx((lost + 0.5 * pulled) / tokens, rel=1e-4)
    assert first_metrics(tmp_path / "out")["distance"] == pytest.approx(pulled / tokens, rel=1e-4)
    # Its own weights pull nowhere, and without a pull it is plain fine-tuning.
    plain = first_loss(SFT(**ONE_STEP), tiny, tmp_path / "plain", DATA, **TYPE)
    assert first_loss(trainer, tiny, tmp_path / "self", DATA, reference=tiny, **TYPE) == pytest.approx(plain, abs=1e-4)
    none = trainer.model_copy(update={"pull": 0.0})
    assert first_loss(none, tiny, tmp_path / "none", DATA, reference=other, **TYPE) == pytest.approx(plain, abs=1e-4)


def test_it_comes_nearer_to_the_teacher_and_the_teacher_stays(tiny: Path, other: Path, tmp_path: Path):
    from tests.integration.trainers.training import progress, tensors

    before = tensors(other)
    knobs: dict[str, Any] = {"max_steps": 8, "logging_steps": 1, "learning_rate": 1e-2, "pull": 5.0}
    train(HiddenStateSFT(**knobs), tiny, tmp_path / "out", data=DATA, reference=other, **TYPE)
    metrics = [line["metrics"] for line in progress(tmp_path / "out") if "distance" in line["metrics"]]
    assert metrics[-1]["distance"] < metrics[0]["distance"]
    assert all(bool((tensors(other)[name] == value).all()) for name, value in before.items())


def test_hidden_states_of_another_length_are_refused(tiny: Path, tmp_path: Path):
    teacher = make_tiny_model(tmp_path / "teacher", hidden=32, layers=1)
    with pytest.raises(InvalidInput, match="have 16 numbers and those of the teacher 32"):
        train(HiddenStateSFT(**ONE_STEP), tiny, tmp_path / "out", data=DATA, reference=teacher, **TYPE)
