"""Constitutional AI: revisions under principles, then RL by a model of own preferences. Bai et al. 2022.

**Constitutional AI: Harmlessness from AI Feedback.** Bai, Kadavath, Kundu, Askell and others. 2022. arXiv 2212.08073.

*The paper.* First a helpful model answers harmful requests, criticizes its answer under a principle drawn at random,
and revises it, several times over~; it is fine-tuned on the revisions, for the request alone. Then that model writes
two answers to each request, a feedback model chooses one under a drawn principle, a preference model learns these
choices (mixed with people's on helpfulness), and RL raises its score.

*Different here.*
- Two phases of one round each; the second one repeats. One critique and one revision; add steps for more.
- The revision asks to mend what the critique found, without a principle of its own.
- The choice is written out, in both orders, and two answers that each win once make no pair; the paper takes the
  probability of the letter as a soft label~.
- No preferences of people on helpfulness are mixed in.
- GRPO in place of PPO~. The preference model is trained anew in each round, from the policy.
- The principles and all words are ours, five where the paper has sixteen~: put your own into `ask` and
  `pairwise_swapped`.
- People may decide on the revisions, and on the pairs before the preference model learns them.

*Quoted.* None: the abstract claims a harmless but non-evasive assistant with far fewer labels by people, without
figures.
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._principles import COMPARE, CRITIQUE, PRINCIPLES, REVISE

ONE = parts.Sample(n=1, temperature=1.0)
CRITICISED = parts.Ask(template=CRITIQUE, principles=PRINCIPLES, follow=True)
REVISED = parts.Ask(template=REVISE, follow=True, strip=True)  # the draft and the critique are not trained on
LEARN = Phase(parts.PromptSet(), ONE, CRITICISED, ONE, REVISED, ONE, parts.KeepAll(), parts.SFT())

PAIR = Step(parts.Sample(n=2, temperature=1.0), name="answers")
CHOICE = parts.PairwiseSwapped(template=COMPARE, principles=PRINCIPLES, score="wins")
SCORER = Step(parts.RewardModel(), name="scorer")
RL = parts.GRPO(reward=parts.RewardModelJudge(), judge_by="scorer")
ASKED = Step(parts.AllPrompts(), of="answers")
REINFORCE = Phase(parts.PromptSet(), PAIR, CHOICE, parts.BestVersusWorst(), SCORER, ASKED, RL)

TITLE = "Constitutional AI: Harmlessness from AI Feedback"
PHASES = (LEARN, REINFORCE)
register(Recipe(name="constitutional_ai", title=TITLE, paper="2212.08073", phases=PHASES, metrics=(parts.Length(),)))
