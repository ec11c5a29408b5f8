"""SPIN: Self-Play Fine-Tuning. Chen et al. 2024.

**Self-Play Fine-Tuning Converts Weak Language Models to Strong Language Models (SPIN).** Chen, Deng, Yuan, Ji, Gu.
2024. arXiv 2401.01335.

*The paper.* The opponent, the model of the last iteration, answers the prompts of the fine-tuning data. Chosen is the
answer in the data, rejected the opponent's; no judge and no preferences of people. The loss is -log sigmoid(beta delta)
with beta = 0.1 and the opponent as reference, and the model that is trained starts from the opponent. It is the
opponent of the next iteration. From the second iteration on, the pairs of this and of the previous iteration are
trained on. The authors' code samples one answer at temperature 1, top_p 1, of at most 256 tokens.

*Different here.*
- The answers in the data are the prompts' known answers. Where a file's answers were imported as completions, put
  `imported`, acting as `data`, in place of `own_answers`; of several the first is chosen. Prompts without an answer
  give no pair and are counted.
- A pair whose two sides are the same text is dropped, and so is an answer of the opponent that was cut off; set
  `drop_truncated` of `anchored_pairs` to keep these.
- The paper's last iteration has beta = 5~; here that is a change at launch.
- Optimizer, learning rate and number of epochs are ours (the authors' code: RMSprop, 5e-7, 3 epochs).
- The previous iteration is the round before, whatever its recipe was: launch it from a round of this one.
- People may decide before the pairs are made: an opponent's answer that they accept is not rejected, and a known answer
  that they reject is not chosen.

*Quoted.* The mean of the Open LLM Leaderboard goes from 58.14 to 63.16~, starting from zephyr-7b-sft-full~.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import DPO, AnchoredPairs, DistinctN, HeldOutAccuracy, Length, OwnAnswers, PromptSet, Sample

OPPONENT = Sample(n=1, temperature=1.0, top_p=1.0, max_tokens=256, take_imported=False)

register(
    Recipe(
        name="spin",
        title="Self-Play Fine-Tuning (SPIN)",
        paper="2401.01335",
        steps=(
            PromptSet(),
            Step(OPPONENT, name="opponent"),
            Step(OwnAnswers(), by="data"),
            AnchoredPairs(chosen_from=("data",), rejected_from=("policy",), require_higher=False),
            DPO(beta=0.1, reference="policy"),  # the opponent is both what is trained and what it is compared with
        ),
        earlier_rounds=True,
        earlier_rounds_limit=1,
        metrics=(HeldOutAccuracy(), Length(), DistinctN()),
    )
)
