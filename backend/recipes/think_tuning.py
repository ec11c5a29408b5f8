"""ThinkTuning: a teacher of the same size adds remarks to some of the policy's completions. RRV et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TRAINER = parts.TeacherRemarkGRPO(
    reward=parts.ExactMatch(), remarks_by="reference", num_generations=5, per_device_train_batch_size=10
)

register(
    Recipe(
        name="think_tuning",
        title="ThinkTuning: Instilling Cognitive Reflections without Distillation",
        paper="2508.07616",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
