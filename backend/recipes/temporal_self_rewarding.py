"""Temporal Self-Rewarding Language Models. Wang et al. 2025.

**Temporal Self-Rewarding Language Models: Decoupling Chosen-Rejected via Past-Future.** Wang, Wang, Wang, Fang, Wang,
Chu, Meng, Yang, Qin, Zhang, Ye, Zhang. 2025. arXiv 2508.06026.

*The paper.* In self-rewarding the chosen and the rejected texts grow alike. So the rejected side is held back and the
chosen side brought forward. The present model M_t and the first one M_0 write 7 texts each, and M_t scores all of them.
Rejected is the worst of M_0 if its score is below the worst of M_t, else the worst of M_t; chosen is the best of M_t.
DPO on these pairs makes a provisional future model M_f from M_t, which writes texts for the same prompts. Chosen
becomes the best of M_f where it beats the best of M_t by M_t's scores; the rejected side stays as it was. DPO on these
pairs, again from M_t and not from M_f, makes M_t+1. Pairs whose chosen text scores no higher are dropped. M_f is
discarded.

*Different here.*
- M_0 is the checkpoint without a parent that the policy descends from. In the first round it is the policy itself. The
  paper's M_0 is fine-tuned on instructions first: register such a checkpoint, and launch the first round from it.
- The judge's role is the policy unless another checkpoint is bound to it; the paper's judge is M_t.
- M_f writes 7 texts~, as the others do. The rubric, 3 votes, temperature 0.7 and top_p 0.9 are those of the recipe
  `self_rewarding`; the paper's are not checked.
- Both trainings compare with M_t~; beta is 0.1~, and learning rate and number of steps are ours.
- Among texts of one prompt with equal scores the first is taken, so that both trainings reject the same one.
- People decide on the texts of M_t and M_0, before the first pairs are made. Those of M_f have the judge's scores
  alone.
- The metrics `length`, `distinct_n` and `score_ties` are of all texts of a round, those of M_0 and M_f included.
- M_f stays among the project's checkpoints, named after the round; it is neither measured nor proposed for the next
  round.

*Quoted.* Llama3.1-8B reaches a win rate of 29.44 % on AlpacaEval 2.0, plain self-rewarding 19.69 % (abstract).
"""

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
