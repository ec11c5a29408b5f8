"""Song et al. 2024 (Self-Evolution KD), arXiv 2412.15303: what makes it that method."""

from backend import recipes
from backend.pipeline.train import Trainer
from backend.services.recipes import round_roles

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
