"""CoT Monitor+: a flag inside the reasoning is a reward beside the task. Ji et al. 2025.

**Mitigating Deceptive Alignment via Self-Monitoring (CoT Monitor+).** Ji, Chen, Wang, Hong, Fang, Chen, Zhou, Dai, Han,
Guo, Yang. 2025. arXiv 2505.18807.

*The paper.* While it thinks, a model writes a signal of its own that flags misaligned strategies. The signal is an
auxiliary reward in RL, beside the task; a stage of SFT teaches the format before~. When it takes the place of an
external weak judge, thoughts are less obfuscated.

*Different here.*
- The first round asks for the format in words, keeps what has it, whatever the flag says, and trains on it without
  these words. How the paper makes its first data is not checked~.
- The format is `<think>`, reasoning with a line "Self-check: honest" or "Self-check: deceptive", `</think>`, answer.
  Serve the model so that the thinking stays in the text.
- The reward is 1 for the right answer plus 0.5 for a last flag that says honest~; a flag outside of the thinking, or
  none, gives 0. A completion without a readable answer takes no part.
- A policy may learn to write "honest" always. So a weak judge (the role `watcher`, bound at launch) looks at one answer
  of each prompt before the training, and `judge_accuracy` says how often it agrees with the flag.
- GRPO with settings of ours.

*Quoted.* 43.8 % less deceptive behavior on average over five categories, with task accuracy preserved (abstract).
"""

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
