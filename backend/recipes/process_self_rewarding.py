"""Process-based self-rewarding: the model compares its own next steps, and learns from pairs of them. 2025.

**Process-based Self-Rewarding Language Models.** Zhang, Liu, Zhang, Liu, Luo, Huang, Gong. 2025. arXiv 2503.03746.

*The paper.* Self-rewarding, step by step, since rewarding whole answers does not help in mathematics. The model is
first trained on step-by-step solutions and on data for judging steps. Then, in each iteration, it reasons step by step:
it samples several next steps, compares them itself, goes on from the best, and at each step makes a preference pair of
the best and the worst. DPO on these pairs, each with the steps before it as its prompt, makes the next model.

*Different here.*
- The first phase trains on the known answers of the imported prompts: solutions, and judgments of steps. The paper
  makes the latter by a tree search that a process reward model and a stronger model label~.
- 6 candidates for each step~, all of them compared with each other in both orders~; the score is the share of wins. At
  most 20 steps~. A step is a line. The model that compares is the role `judge`; where none is bound it is the policy.
- Each completion is sampled to its end, and only its first line is a candidate.
- The loss is on the tokens of the step, and the end of the turn belongs to a last step only. Training settings are
  ours.
- People may look at steps before they are trained on. Their word on a step stands above the model's in the pairs, but
  the search has gone on by then.

*Quoted.* Better on several mathematical benchmarks over the iterations (abstract, without figures).
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._next_steps import NEXT_STEP

# Imported solutions step by step, and imported judgments of steps, make the first model.
SEED = Phase(parts.PromptSet(), parts.OwnAnswers(), parts.KeepAll(), parts.SFT())

COMPARE = parts.PairwiseSwapped(template=NEXT_STEP, score="wins")
SEARCH = parts.TreeSearch(algorithm="beam", branch=6, budget=20, depth=20, judge=COMPARE)
VALUES = parts.Noted(key="value")  # what the comparisons said, which led the search
STEPS = Step(SEARCH, name="steps"), VALUES, parts.BestVersusWorst()

TITLE = "Process-based Self-Rewarding Language Models"
PHASES = (SEED, Phase(parts.PromptSet(), *STEPS, parts.DPO(beta=0.1)))
METRICS = (parts.HeldOutAccuracy(), parts.JudgeQuality(), parts.Length())
register(Recipe(name="process_self_rewarding", title=TITLE, paper="2503.03746", phases=PHASES, metrics=METRICS))
