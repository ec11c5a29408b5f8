"""Self-Training Elicits Concise Reasoning in Large Language Models. Munkhbat et al. 2025."""

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
