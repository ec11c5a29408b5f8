"""S2R: Teaching LLMs to Self-verify and Self-correct via Reinforcement Learning. Ma et al. 2025.

**S2R: Teaching LLMs to Self-verify and Self-correct via Reinforcement Learning.** Ma, Wang, Liu, Liu, Chen, Zhang,
Zhou, Du, Li. 2025. arXiv 2502.12853.

*The paper.* A model solves, verifies its solution and corrects it, until the verification accepts. It first learns the
form from 3,100 curated chains. Reinforcement learning follows, with a reward for the outcome or for each action of the
process: a solution for being right, a verification for saying what is true~.

*Different here.*
- The paper writes a chain as one text with marked fields. Here each field is a turn of a chat, asked for by the user,
  and a chain has one verification and one correction. A verdict that accepts ends it.
- The chains are not curated from other data: the first round keeps right solutions, verdicts that agree with the known
  answer, and right corrections after wrong solutions, each as a row with the chat before it.
- The outcome is the reward of the last answer, and all turns are credited with it; of the process each turn is credited
  with its own reward, and a verdict that cannot be read with none. The second round learns by outcome, all later ones
  by process.
- Advantages are within the same turn of a group; the paper's process-level baseline is over actions with the same
  history of rewards~, its outcome-level one leaves out the sample itself~. Sampling and training settings are ours.

*Quoted.* With 3.1k samples for the first step Qwen2.5-math-7B goes from 51.0 % to 81.6 % (abstract).
"""

from typing import Any, Literal

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

VERIFY = "Check your answer, step by step. Then end with the line Verdict: right, or the line Verdict: wrong."
CORRECT = "Write the answer once more, with everything put right that you found wrong."
SOLVE = parts.PromptSet(), Step(parts.Sample(n=4, temperature=1.0), name="solutions"), parts.ExactMatch()
CHECK = parts.Ask(template=VERIFY, most=2, follow=True), Step(parts.Sample(n=2, temperature=1.0), name="checks")
CHECKED = parts.AgreesWithLabel(reader=parts.ReadCritique(), by="verdict"), parts.AboveThreshold(max_per_prompt=1)
AGAIN = parts.Ask(template=CORRECT, about="best", follow=True), Step(parts.Sample(n=2, temperature=1.0), name="anew")
RIGHT = parts.ExactMatch(), parts.ImprovedRevisions(require="right_after_wrong", max_per_question=1)
CHAINS = Phase(*SOLVE, parts.AboveThreshold(max_per_prompt=1), *CHECK, *CHECKED, *AGAIN, *RIGHT, parts.SFT())
TURNS = ("answer", "verdict", "answer")


def rl(credit: Literal["turn", "outcome"]) -> Phase:
    """Outcome-level: all turns are paid for the last answer. Process-level: each is paid for itself."""
    asked = VERIFY, CORRECT
    knobs: Any = {"turn_kinds": TURNS, "follow_ups": asked, "credit": credit, "max_length": 2048}  # of all three turns
    trainer = parts.MultiTurnGRPO(reward=parts.ExactMatch(), **knobs)
    return Phase(parts.PromptSet(), parts.AllPrompts(), trainer)


PHASES = (CHAINS, rl("outcome"), rl("turn"))
METRICS = (parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="anew"))
TITLE = "Self-verify and Self-correct via Reinforcement Learning (S2R)"
register(Recipe(name="s2r", title=TITLE, paper="2502.12853", phases=PHASES, metrics=METRICS))
