"""CoT Monitor+: a flag inside the reasoning is a reward beside the task. Ji et al. 2025."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._reward_words import FORM, MONITORED, WATCH

FLAGGED = parts.Sample(n=4, temperature=1.0, conditions={"monitored": MONITORED}, take_imported=False)
FORMAT = parts.SurfaceRules(must_match=FORM, allow_truncated=False)
REWARD = parts.WeightedSum(judges=(parts.ExactMatch(), parts.MonitorFlag()), weights=(1.0, 0.5))
SHOWN = Step(parts.Sample(n=1, temperature=1.0), name="shown")
WEAK = Step(parts.YesNoCheck(template=WATCH, votes=1, temperature=0.0), by="watcher")  # compared with the flag

register(
    Recipe(
        name="cot_monitor",
        title="Mitigating Deceptive Alignment via Self-Monitoring (CoT Monitor+)",
        paper="2505.18807",
        phases=(
            Phase(parts.PromptSet(), FLAGGED, FORMAT, parts.AboveThreshold(threshold=1.0), parts.SFT()),
            Phase(parts.PromptSet(), SHOWN, WEAK, parts.AllPrompts(), parts.GRPO(reward=REWARD)),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.JudgeQuality(verifier=parts.MonitorFlag())),
    )
)
