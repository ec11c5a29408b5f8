"""Constitutional AI: revisions under principles, then RL by a model of own preferences. Bai et al. 2022."""

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
