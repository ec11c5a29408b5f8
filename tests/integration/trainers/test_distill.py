"""On-policy distillation: the divergence from the teacher, and which teachers are refused."""

from pathlib import Path

import pytest

from backend.errors import InvalidInput
from backend.trainers.distill import Distill
from tests.integration.trainers.losses import ONE_STEP, first_loss, logits_of
from tests.integration.trainers.training import rows, train
from tests.tiny import make_tiny_model

DATA = rows("prompt_completion", 3)


def test_the_loss_is_the_divergence_from_the_teacher(tiny: Path, other: Path, tmp_path: Path):
    """Of texts of one token the distributions do not depend on what is sampled: KL(policy || teacher) at the prompt."""
    trainer = Distill(**ONE_STEP, max_completion_length=1)
    reverse = forward = 0.0
    for row in DATA:
        ours, theirs = (logits_of(model, row["prompt"], "x")[0][0].log_softmax(-1) for model in (tiny, other))
        reverse += float((ours.exp() * (ours - theirs)).sum()) / 3
        forward += float((theirs.exp() * (theirs - ours)).sum()) / 3
    assert first_loss(trainer, tiny, tmp_path / "kl", DATA, reference=other) == pytest.approx(reverse, abs=1e-4)
    knob = {"beta": 0.0}
    value = first_loss(trainer.model_copy(update=knob), tiny, tmp_path / "forward", DATA, reference=other)
    assert value == pytest.approx(forward, abs=1e-4)
    # The policy itself teaches nothing.
    assert first_loss(trainer, tiny, tmp_path / "self", DATA, reference=tiny) == pytest.approx(0.0, abs=1e-5)


def test_a_teacher_with_another_tokenizer_is_refused(tiny: Path, tmp_path: Path):
    from transformers import AutoTokenizer

    teacher = make_tiny_model(tmp_path / "teacher", hidden=16, layers=1)
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    tokenizer.add_tokens(["<|more|>"])
    tokenizer.save_pretrained(teacher)
    with pytest.raises(InvalidInput, match=r"has another tokenizer than the policy .*: 1 tokens differ"):
        train(Distill(**ONE_STEP), tiny, tmp_path / "out", data=DATA, reference=teacher)
