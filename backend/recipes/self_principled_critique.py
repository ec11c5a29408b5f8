"""Self-Principled Critique Tuning (DeepSeek-GRM): a judge that writes its own principles. Liu et al. 2025.

**Inference-Time Scaling for Generalist Reward Modeling (Self-Principled Critique Tuning, DeepSeek-GRM).** Liu, Wang,
Xu, Ma, Ruan, Li, Liu, Wu. 2025. arXiv 2504.02495.

*The paper.* A judge writes principles for the question at hand, criticizes all responses by them and gives each an
integer. Rejective fine-tuning comes first: judgments that miss the known best response are left out, and so are
questions that are always judged right. RL follows, with a reward of 1 where the known best is strictly on top, else -1,
and none for the format. At use k judgments are sampled and their integers summed, and a meta reward model keeps the
better half of them.

*Different here.*
- The policy is the judge. The prompt set has to hold several completions of each prompt with their scores or `chosen`.
- The first round fine-tunes on three judgments of each question~ and trains the meta scorer on pairs of a right and a
  wrong judgment; the paper trains it on single judgments with 0 or 1~. The other rounds are RL, and then use: eight
  judgments by the new judge, of which the four that the meta scorer puts highest are summed into the items' scores.
- The known best is where the label of one text stands above all others; other prompts are left out. The hinted sampling
  of the paper~ is left out.
- Texts are shown in an order that follows from their words. A judgment without an integer from 1 to 10 for each text
  counts as wrong.
- Four completions in a group and beta = 0.08~; lengths and other settings are ours, and so is the wording.
- People may decide on the items before they are asked about.

*Quoted.* None: the abstract claims better results than other methods and models on several benchmarks, without figures.
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

ITEMS = parts.PromptSet(), Step(parts.Imported(), name="items", by="data"), parts.Noted(), parts.CompareAll()
SAID = Step(parts.Sample(n=3, temperature=0.7), name="judgments"), parts.BestOnTop()
NOT_ALL_RIGHT = parts.DifficultyBand(low=0.0, high=0.99)
COLD = *SAID, parts.AboveThreshold(keep="accepted"), NOT_ALL_RIGHT, parts.SFT(max_length=4096)
META = Step(parts.RightAndWrong(), of="judgments"), Step(parts.RewardModel(max_length=4096), name="meta")
RL = parts.GRPO(reward=parts.BestOnTop(), num_generations=4, beta=0.08, max_completion_length=1024, max_length=4096)
VOTES = Step(parts.Sample(n=8, temperature=0.7), name="votes"), Step(parts.RewardModelJudge(), by="meta")

register(
    Recipe(
        name="self_principled_critique",
        title="Inference-Time Scaling for Generalist Reward Modeling",
        paper="2504.02495",
        phases=(
            Phase(*ITEMS, *COLD, *META),
            Phase(*ITEMS, parts.AllPrompts(), RL, *VOTES, parts.SumOfVotes(keep=0.5)),
        ),
    )
)
