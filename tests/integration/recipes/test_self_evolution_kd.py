"""Song et al. 2024 (Self-Evolution KD), arXiv 2412.15303: what makes it that method."""

from pathlib import Path

import pytest

from backend import recipes
from backend.config import settings
from backend.engines._weights import load_tokenizer
from backend.errors import InvalidInput
from backend.pipeline.train import Trainer
from backend.services.recipes import round_roles
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_losses import ONE_DATABASE, ONE_STEP, short, trained, weights
from tests.rows import make_checkpoint
from tests.tiny import make_tiny_model

RECIPE = recipes.get("self_evolution_kd")


def test_the_ratio_of_teacher_and_text_follows_each_token():
    import torch

    from backend.trainers.soft_target_sft import token_losses

    trainer = RECIPE.trainer
    assert isinstance(trainer, Trainer)
    assert (trainer.name, trainer.adapt, trainer.alpha) == ("soft_target_sft", "by_token", 1.0)
    # Two tokens, one hard and one easy, and a teacher that is sure of the other token: the share of the teacher is p(y).
    policy = torch.tensor([[0.1, 0.9], [0.9, 0.1]])
    log_p, teacher = policy.log(), torch.tensor([[0.0, 1.0], [0.0, 1.0]]).log()
    tensor = token_losses(log_p, teacher, torch.tensor([0, 0]), trainer)
    shares = [(float(loss) + float(row[0])) / float(row[0] - row[1]) for loss, row in zip(tensor, log_p, strict=True)]
    assert [round(share, 4) for share in shares] == [0.1, 0.9]


def test_the_teacher_is_a_role_of_its_own():
    trains = [role for place, role in round_roles.acting(RECIPE.places()) if place.step.kind == "trainer"]
    assert trains == ["policy", "teacher"]


@pytest.mark.slow
@ONE_DATABASE
def test_self_evolution_kd_learns_from_a_teacher_with_the_same_tokenizer(tiny: Path) -> None:
    loop = Loop(short("self_evolution_kd", trainer=ONE_STEP), weights(tiny), tiny)
    with pytest.raises(InvalidInput, match=r"names the role 'teacher', but no checkpoint is bound"):
        loop.launch()
    folder = make_tiny_model(settings().folder / "models/teacher", hidden=32, layers=1, context=4096, seed=5)
    teacher = make_checkpoint(loop.project, engine=weights(folder))
    strange = make_tiny_model(settings().folder / "models/strange", hidden=16, layers=1)
    tokenizer = load_tokenizer(str(strange))
    tokenizer.add_tokens(["<|more|>"])
    tokenizer.save_pretrained(strange)
    stranger = make_checkpoint(loop.project, engine=weights(strange))
    with pytest.raises(InvalidInput, match=r"Step 4 .* compares .* but they have different tokenizers"):
        loop.launch(roles={"teacher": stranger.id})
    _, rows, record = trained(loop, roles={"teacher": teacher.id})
    assert len(rows) == len(RIGHT)
    assert (record["spec"]["policy"], record["spec"]["reference"]) == (str(tiny), str(folder))
