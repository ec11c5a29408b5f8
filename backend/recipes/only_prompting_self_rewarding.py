"""Just Say What You Want: Only-prompting Self-rewarding Online Preference Optimization. Xu et al. 2024."""

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
