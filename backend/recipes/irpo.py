"""Iterative Reasoning Preference Optimization (Iterative RPO). Pang et al. 2024.

**Iterative Reasoning Preference Optimization.** Pang, Yuan, Cho, He, Sukhbaatar, Weston. 2024. arXiv 2404.19733.

*The paper.* Of each prompt N = 30 samples~ are drawn (temperature 0.8~) and compared with the known answer. Several
pairs, K = 10~, of a right above a wrong sample are made of each prompt, going through both sets at once~. The loss is
DPO plus alpha times the negative log-likelihood of the right one, divided by its length~: -log sigmoid(beta delta) -
alpha / |y+| * log pi(y+), alpha = 1, beta = 0.1~. Each iteration starts from the last model, which is its reference.

*Different here.*
- No pair of a prompt comes twice: with one right and three wrong texts there are three pairs, not ten.
- Duplicate texts of a prompt count once. Samples whose answer cannot be read are on neither side.
- The paper samples hotter in later iterations~; here `temperature` is a knob.
- TRL's own term `sft` is the mean over all chosen tokens of a batch. `weigh_examples` with all weights 1 divides each
  text's likelihood by its own length instead.
- The number of steps and the learning rate are ours. The round's reference has to be its policy, as the form proposes.

*Quoted.* Llama-2-70B-Chat goes from 55.6 to 81.6 % on GSM8K, 88.7 % with the majority of 32 samples (abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import DPO, ExactMatch, HeldOutAccuracy, Length, PassAtK, PromptSet, RightAndWrong, Sample

register(
    Recipe(
        name="irpo",
        title="Iterative Reasoning Preference Optimization (Iterative RPO)",
        paper="2404.19733",
        steps=(
            PromptSet(),
            Sample(n=30, temperature=0.8),
            ExactMatch(),
            RightAndWrong(pairs_per_prompt=10),
            # All weights are 1: the likelihood of each chosen text is divided by its own length.
            DPO(beta=0.1, loss_type=("sigmoid", "sft"), loss_weights=(1.0, 1.0), weigh_examples=True),
        ),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8), Length()),
    )
)
