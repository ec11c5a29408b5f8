"""Meta-Rewarding Language Models. Wu et al. 2024. The judge's replies are texts that are judged and trained on."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts


def phase(length_tier: float, *judge_pairs: Step) -> Phase:
    """One iteration; rho is 0, 0.32, 0.32, 0.4 over the paper's four, and judges are trained in the first two."""
    answers = Step(parts.Sample(n=7, temperature=0.8, top_p=0.95), name="answers")
    asked, judgments = parts.Ask(template=parts.RUBRIC), parts.Sample(n=11, temperature=0.8, top_p=0.95)
    scores = parts.ReadScore(), Step(parts.FromChildren(by="mean", accept_at=4.0), name="scores")
    pairs = Step(parts.BestVersusWorst(length_tier=length_tier), name="actor_pairs", of="answers")
    texts = parts.PromptSet(), answers, asked, Step(judgments, name="judgments")
    return Phase(*texts, *scores, pairs, *judge_pairs, parts.DPO(beta=0.1))


def judged(most: int) -> tuple[Step, ...]:
    """Pairs of judgments: of each prompt those of the answer whose scores differ most, compared with each other."""
    pairs = Step(parts.BestVersusWorst(max_chosen_chars=most), name="judge_pairs")
    return Step(parts.Widest()), Step(parts.PairwiseSwapped(score="elo"), name="meta_judge"), pairs


TITLE = "Meta-Rewarding Language Models"
PHASES = (phase(0.0, *judged(1100)), phase(0.32, *judged(1000)), phase(0.32), phase(0.4))
METRICS = (parts.HeldOutAccuracy(), parts.JudgeQuality(), parts.Length())
register(Recipe(name="meta_rewarding", title=TITLE, paper="2407.19594", phases=PHASES, metrics=METRICS))
