"""PIT: a scorer of the gap to a reference, learned from preferences, then RL that widens it. Wang et al. 2023."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._reward_words import IMPROVE

GIVEN = parts.PromptSet(), Step(parts.Imported(), name="given", by="data")  # preference pairs
BETTER = parts.WorseToBetter(template="{prompt}\n\nAn answer to this:\n\n{response}\n\n" + IMPROVE), parts.SFT()
GAPS = parts.GapPairs(), Step(parts.RewardModel(), name="scorer")
ANEW = parts.Ask(template=IMPROVE, follow=True)
RL = ANEW, parts.AllPrompts(), parts.GRPO(reward=parts.RewardGap(), judge_by="scorer")
OWN = parts.PromptSet(), Step(parts.Sample(n=1, temperature=1.0), name="own")

register(
    Recipe(
        name="implicit_self_improvement",
        title="Enable Language Models to Implicitly Learn Self-Improvement From Data",
        paper="2310.00898",
        phases=(
            Phase(*GIVEN, parts.Noted(), *BETTER, *GAPS),
            Phase(*GIVEN, *RL),  # references of the data, then the policy's own
            Phase(*OWN, *RL),
        ),
        metrics=(parts.Length(),),
    )
)
