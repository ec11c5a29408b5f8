"""Large Language Models Can Self-Improve (LMSI). Huang et al. 2022. The majority is taken as right.

**Large Language Models Can Self-Improve.** Huang, Gu, Hou, Wu, Wang, Yu, Han. 2022. arXiv 2210.11610.

*The paper.* No known answers. Of each question 32 reasoning paths are sampled at temperature 0.7, after few-shot worked
examples; every path that reaches the majority answer is kept, without a threshold on its share of votes. Each kept path
is written in four formats (worked examples with reasoning, worked examples with the answer alone, "step by step"
without examples, the answer alone without examples), and the model is fine-tuned on the mixture, once.

*Different here.*
- One format: the prompt as it was imported, and the path as it was written. The other three need rows in other words,
  which no part makes yet.
- Worked examples are part of the imported prompts or left out; here they would then be trained on, too.
- Two answers tied for the top: nothing of the prompt is kept.
- A reply without a readable answer has no vote but counts among the 32. Where no mark of an answer is found, the last
  line is read as one: set `pattern` where prompts ask for a form of their own.
- The paper samples once; here each round samples anew from the newest checkpoint.
- Training settings are ours.

*Quoted.* A model of 540 billion parameters goes from 74.4 to 82.1 % on GSM8K, from 78.2 to 83.0 % on DROP, from 90.0 to
94.4 % on OpenBookQA and from 63.4 to 67.9 % on ANLI-A3 (abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import SFT, AboveThreshold, HeldOutAccuracy, JudgeQuality, MajorityVote, PromptSet, Sample

register(
    Recipe(
        name="lmsi",
        title="Large Language Models Can Self-Improve",
        paper="2210.11610",
        steps=(
            PromptSet(),
            Sample(n=32, temperature=0.7),
            MajorityVote(accept_at=0.0),
            AboveThreshold(keep="accepted", drop_duplicates=False),
            SFT(),
        ),
        metrics=(HeldOutAccuracy(), JudgeQuality()),
    )
)
