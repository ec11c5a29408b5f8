"""LaSeR: Reinforcement Learning with Last-Token Self-Rewarding. Yang et al. 2025.

**LaSeR: Reinforcement Learning with Last-Token Self-Rewarding.** Yang, Liu, Xie, Wang, Zhang, Lin, and others. 2025.
arXiv 2510.14943.

*The paper.* Beside learning to answer by verifiable rewards, a model learns to say how good its answer is by the
probability of one token that it would write after the end. The score is r_s = beta_v (log pi(z | x, y, end) - c_ref),
c_ref being constant, and the loss gains the squared error of r_s against the verifier's 0 or 1, both classes weighted
alike. After a warm-up a tenth of the advantage is by r_s, kept in [0, 1] and normalized in the group, where its
deviation there is above 0.1. An answer counts as accepted above 0.5.

*Different here.*
- The warm-up is the first round, in which scores are learned and do not count; in all later rounds they do.
- beta_v = 0.1~, factor of the error 0.1~, c_ref = -23~: the log-probability that the paper's models give to their
  token. With another model or token set `reference_log_prob` to what the curve `self_score/log_prob` begins with.
- The token is the padding token of the tokenizer unless `score_token` names another one; where padding ends texts, it
  has to.
- The reward is whether the final answer equals the known one. Group size and training settings are ours.
- The scores are seen in the training's curves. No judge of other rounds reads them yet.

*Quoted.* None: the abstract claims better reasoning and self-rewarding without figures.
"""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts


def rl(share: float) -> Phase:
    trainer = parts.GRPOSelfScore(reward=parts.ExactMatch(), score_weight=0.1, advantage_share=share)
    return Phase(parts.PromptSet(), parts.AllPrompts(), trainer)


register(
    Recipe(
        name="laser",
        title="Reinforcement Learning with Last-Token Self-Rewarding (LaSeR)",
        paper="2510.14943",
        phases=(rl(0.0), rl(0.1)),  # it learns to score itself before its scores count
        metrics=(parts.HeldOutAccuracy(),),
    )
)
