"""Entropy-Based Adaptive Weighting for Self-Training (EAST), with DPO. Wang et al. 2025.

**Entropy-Based Adaptive Weighting for Self-Training (EAST).** Wang, Deng, Ma, Wang. 2025. arXiv 2503.23913.

*The paper.* Samples are compared with the known answer. A prompt weighs H^a divided by the mean of H^a over the
training set, H being the entropy in bits of the shares of its final answers: a prompt on which all samples agree weighs
nothing, one on which they disagree weighs most. In the DPO form, the chosen side is a random right sample and the
rejected one a random sample of the most common wrong answer; the released code leaves out prompts without both. The
weight multiplies the example's loss. a is tuned on each data set (0.1 to 3 were tried).

*Different here.*
- The recipe is the DPO form. The SFT form is `above_threshold` with `threshold` 1 and `entropy_power` 1, and `sft`; the
  KTO form `unpaired` with `entropy_power` 1, and `kto`; both trainers with `weigh_examples` and `normalise_weights`.
  Which right samples the paper's SFT form takes is not checked~; here all of them.
- Samples whose answer cannot be read take no part in the shares, nor do samples that were cut off, people's edits, and
  completions of files where the model wrote any; the released code counts unreadable ones as one more answer.
- Answers are told apart as they are written, numbers by value: two forms of one formula are two answers.
- a is 1, and the number of samples (16), their temperature (1) and the training settings are ours.
- The mean is over the rows that are trained on; the dataset holds H^a.
- The paper trains once; here each round samples and weighs anew.

*Quoted.* About 1 point on MATH where plain self-training gains about 0, and 1 to 2 points more than it on GSM8K
(abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import DPO, DistinctN, ExactMatch, HeldOutAccuracy, PromptSet, RightAndWrong, Sample

register(
    Recipe(
        name="east",
        title="Entropy-Based Adaptive Weighting for Self-Training (EAST)",
        paper="2503.23913",
        steps=(
            PromptSet(),
            Sample(n=16, temperature=1.0),
            ExactMatch(),
            RightAndWrong(pick="most_common_wrong", entropy_power=1.0),
            DPO(beta=0.1, weigh_examples=True, normalise_weights=True),
        ),
        metrics=(HeldOutAccuracy(), DistinctN()),
    )
)
