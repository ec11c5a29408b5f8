"""Temporal Self-Rewarding Language Models. Wang et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SEVEN = parts.Sample(n=7, temperature=0.7, top_p=0.9, take_imported=False)
RUBRIC = parts.AdditiveRubric(votes=3)  # the same part twice: what is scored once keeps its score


def pairs(chosen_from: str) -> parts.AnchoredPairs:
    """Rejected is the worst of the first model's and the present one's texts, in both trainings."""
    return parts.AnchoredPairs(chosen_from=(chosen_from,), rejected_from=("base",), fallback=("policy",))


def train(makes: str = "") -> Step:
    """Both trainings start from the present model and compare with it."""
    return Step(parts.DPO(beta=0.1, start="policy", reference="policy"), name=makes)


TITLE = "Temporal Self-Rewarding Language Models"
ANCHORED = (Step(SEVEN, name="present"), Step(SEVEN, name="past", by="base"), RUBRIC, pairs("policy"), train("future"))
GUIDED = (Step(SEVEN, by="future"), RUBRIC, pairs("future"), train())
STEPS = (parts.PromptSet(), *ANCHORED, *GUIDED)
METRICS = (parts.HeldOutAccuracy(), parts.JudgeQuality(), parts.Length(), parts.ScoreTies())
register(Recipe(name="temporal_self_rewarding", title=TITLE, paper="2508.06026", steps=STEPS, metrics=METRICS))
