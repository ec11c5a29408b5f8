"""Just Say What You Want: Only-prompting Self-rewarding Online Preference Optimization. Xu et al. 2024.

**Just Say What You Want: Only-prompting Self-rewarding Online Preference Optimization.** Xu, Liu, Liu, Yan, Wang,
Zhang, He. 2024. arXiv 2409.17534.

*The paper.* No judge. The policy writes both sides of a pair itself, told to write a good answer and told to write a
worse one~; what it was told is the label. How far apart the two are is under fine-grained arithmetic control (the
abstract's words; how it works was not checked), and later stages of the training have more hard negatives, rejected
answers that are close to the chosen ones. Both sides come from the policy as it is at that time~.

*Different here.*
- The control is ours: a quality out of 10 in the instruction, 10 for the chosen side, 2, 5 and 8 for the rejected one,
  in three phases of one round each; the last one repeats. The paper's wording was not checked.
- Both instructions are ours and stand in the knob `conditions` of `sample`. Training rows hold the prompt alone.
- One answer of each kind for each prompt, at temperature 1.
- The paper trains online; here each round writes all pairs before it trains.
- Nothing looks at quality: a policy that does not follow the instruction makes pairs at random. Let people look at
  some.
- beta = 0.1~ and the training settings are ours.

*Quoted.* A length-controlled win rate of 34.5 % on AlpacaEval 2.0 (abstract, of Mistral-7B and Mistral-Instruct-7B;
reached with the latter~).
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

SAY = "{prompt}\n\nWrite an answer whose quality is %d out of 10. Write the answer alone."
GAPS = (8, 5, 2)
"""How much worse the second answer is asked to be, round by round; the last one repeats."""


def phase(gap: int) -> Phase:
    """The policy writes a good answer and one that is worse by the gap; what it was asked is the label."""
    asked = {"better": SAY % 10, "worse": SAY % (10 - gap)}
    both = Step(parts.Sample(n=1, temperature=1.0, conditions=asked, take_imported=False), name="answers")
    label = parts.ByConstruction(accepted=("better",), rejected=("worse",))
    return Phase(parts.PromptSet(), both, label, parts.BestVersusWorst(), parts.DPO(beta=0.1, reference="policy"))


TITLE = "Only-prompting Self-rewarding Online Preference Optimization"
PHASES = tuple(phase(gap) for gap in GAPS)
METRICS = (parts.HeldOutAccuracy(), parts.Length(), parts.DistinctN())
register(Recipe(name="only_prompting_self_rewarding", title=TITLE, paper="2409.17534", phases=PHASES, metrics=METRICS))
