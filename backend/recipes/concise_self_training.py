"""Self-Training Elicits Concise Reasoning in Large Language Models. Munkhbat et al. 2025.

**Self-Training Elicits Concise Reasoning in Large Language Models.** Munkhbat, Ho, Kim, Yang, Kim, Yun. 2025. arXiv
2502.20122.

*The paper.* Of each question 16 plain samples are drawn and 16 more after worked examples that are brief. Of both
together the shortest right one is kept; a question without a right one is left out. The model is fine-tuned on these,
the worked examples taken out of the training prompt, so that it answers briefly without them.

*Different here.*
- The worked examples are two short ones of our own, in the generator's knob `extra_template`. The paper's are eight~
  for each data set, written by people or by GPT-4o: put examples of your own task there.
- Length is counted in characters, the paper's in tokens~.
- Both kinds of samples are drawn at temperature 0.7~, from the newest checkpoint of each round; the paper samples once.
- A right sample that a person accepted is kept before shorter ones.
- The metric `length` is of all samples of a round, the briefly asked ones included; how long the model answers by
  itself shows in the samples without worked examples, and on held-out prompts.
- Training settings are ours.

*Quoted.* On average 30 % fewer output tokens over five model families on GSM8K and MATH at the same average accuracy
(abstract). Watch `length` and `held_out_accuracy` together.
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import SFT, AboveThreshold, ExactMatch, HeldOutAccuracy, Length, PromptSet, Sample

BRIEF = """Question: A box holds 12 eggs. How many eggs are in 3 boxes, if 4 of them are broken and thrown away?
Answer: 3 * 12 = 36. 36 - 4 = 32. The answer is 32.

Question: A train goes 90 km in an hour. How many km does it go in 40 minutes?
Answer: 40/60 = 2/3. 90 * 2/3 = 60. The answer is 60.

Question: {prompt}
Answer:"""

samples = Sample(n=16, temperature=0.7, extra_n=16, extra_temperature=0.7, extra_template=BRIEF)
shortest = AboveThreshold(threshold=1.0, max_per_prompt=1, order="shortest")
register(
    Recipe(
        name="concise_self_training",
        title="Self-Training Elicits Concise Reasoning",
        paper="2502.20122",
        steps=(PromptSet(), samples, ExactMatch(), shortest, SFT()),
        metrics=(HeldOutAccuracy(), Length()),
    )
)
