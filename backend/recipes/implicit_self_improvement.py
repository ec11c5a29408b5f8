"""PIT: a scorer of the gap to a reference, learned from preferences, then RL that widens it. Wang et al. 2023.

**Enable Language Models to Implicitly Learn Self-Improvement From Data (PIT).** Wang, Hou, Lu, Wu, Li, Yu, Ji. 2023.
arXiv 2310.00898.

*The paper.* Instead of the quality of a response, RLHF maximizes the quality gap between a response and a reference
response that the policy is given. The reward model of gaps learns from ordinary preference pairs, and no rubric says
what is better. SFT on turning the worse response into the better one comes first~, and RL starts with references of the
data before it takes those of the policy~.

*Different here.*
- Three phases of one round each: SFT and the scorer, RL on the data's texts as references, RL on the policy's own
  answers. The third one repeats, so that what the policy writes by now is the reference of the next round.
- Five rows of each pair order the gaps r(w | l) > r(w | w), r(l | l) > r(l | w); which comparisons the paper's loss
  holds is not checked~.
- The scorer reads both texts as one answer. The policy is asked for "a better answer" after the reference, in the same
  chat; with SFT it is asked in one message.
- The prompt set has to hold preference pairs (`chosen`, `rejected`), or completions with scores.
- GRPO in place of the paper's RL~; training settings are ours.

*Quoted.* None: the abstract claims to beat methods by prompting on two real-world datasets and a synthetic one, without
figures.
"""

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
