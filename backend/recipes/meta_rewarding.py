"""Meta-Rewarding Language Models. Wu et al. 2024. The judge's replies are texts that are judged and trained on.

**Meta-Rewarding Language Models: Self-Improving Alignment with LLM-as-a-Meta-Judge.** Wu, Yuan, Golovneva, Xu, Tian,
Jiao, Weston, Sukhbaatar. 2024. arXiv 2407.19594.

*The paper.* One model is actor, judge and meta-judge. Of each prompt it writes K = 7 answers and of each answer N = 11
judgments (temperature 0.8, top_p 0.95); an answer's score is the mean of the scores read off its judgments. Actor
pairs: the shortest answer of the top tier above the longest of the bottom tier, a tier being a share rho of the range
of scores (0, 0.32, 0.32, 0.4 over four iterations). Judge pairs: of the answer of each prompt whose scores vary most,
every two judgments are compared in both orders by the meta-judge, weighed by position, and fitted to Elo scores; the
best is chosen and the worst rejected, unless the chosen one is longer than 1100, later 1000, characters. Judge pairs
are made in the first two iterations only. One DPO trains on both kinds of pairs.

*Different here.*
- The four iterations are four phases of one round each; the last one repeats.
- The paper starts from a model that was fine-tuned to judge. The recipe has no such stage: start from a checkpoint that
  can follow the rubric.
- Judgments are texts of their own, which the policy writes; the meta-judge is the judge's role, the policy unless
  another checkpoint is bound.
- Position weights are counted within the judgments of one answer; a small prior (0.1) makes every Elo score finite.
- The meta-judge's prompt is ours and greedy, one reply for each order. A reply that names no winner counts for neither.
- An answer none of whose judgments states a score has none and is no side of a pair.
- The learning rate and the number of steps are ours; beta is 0.1~.

*Quoted.* Llama-3-8B-Instruct goes from 22.9 to 39.4 % on AlpacaEval 2 and from 20.6 to 29.1 % on Arena-Hard (abstract).
The paper reports that the meta-judge drifts towards higher scores and towards the first position in later iterations.
"""

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
