"""SSRL: a policy searches its own knowledge, writing queries and results itself. Fan et al. 2025.

**SSRL: Self-Search Reinforcement Learning.** Fan and others. 2025. arXiv 2508.10874.

*The paper.* A policy answers questions by searching what it knows: it writes queries and also the results, each in a
field of its own, thinks about them and answers. RL rewards the format and, by a rule, the answer. So it can stand in
for a search engine, and a real one can later fill in the results.

*Different here.*
- Fields: think, search, information, answer. The format holds where the text is fields alone, each query is followed by
  results, and the answer comes last. 0.8 for the right answer and 0.2 for the format~; an answer outside of the field
  counts as wrong, unless the text, or what follows its thoughts, is that answer alone.
- Results are left out of the loss (`mask_pattern`)~; empty it to train on them.
- The instruction is in our words and stands before the training prompts. Held-out prompts are asked as they were
  imported: import them with the instruction, or the metrics say how the policy answers without it.
- No real search engine can be put in: there are no environments in a round.
- All settings are ours.

*Quoted.* None: the abstract gives no figures.
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TEMPLATE = """Answer the question below. You may search what you know as often as you need: write a query as
<search>query</search>, then what a search would return as <information>results</information>, and think about it as
<think>thoughts</think>. End with the answer alone as <answer>answer</answer>.

{prompt}"""
FIELDS = r"think|search|information"
FORM = rf"(?s)\A\s*(?:<({FIELDS})>(?:(?!</?(?:{FIELDS}|answer)>).)+</\1>\s*)+<answer>[^<]+</answer>\s*\Z"
OPEN_ENDS = (r"(?s)</search>\s*<(?!information>)", r"(?s)(?<!</search>)(?<!</search>\n)<information>")
ANSWER = r"(?s)(?:<answer>|\A(?!.*<answer>))(?P<answer>.*?)(?:</answer>|\Z)"  # all of a text without the tag
REWARD = parts.WeightedSum(
    judges=(parts.ExactMatch(pattern=ANSWER), parts.SurfaceRules(must_match=FORM, must_not_match=OPEN_ENDS)),
    weights=(0.8, 0.2),
)
TRAINER = parts.GRPO(
    reward=REWARD,
    max_completion_length=512,
    beta=0.001,
    mask_pattern=r"(?s)<information>((?:(?!</?information>).)*)</information>",
)

register(
    Recipe(
        name="self_search_rl",
        title="SSRL: Self-Search Reinforcement Learning",
        paper="2508.10874",
        steps=(parts.PromptSet(), parts.AllPrompts(template=TEMPLATE), TRAINER),
        metrics=(parts.HeldOutAccuracy(), parts.PassAtK(k=8, n=8)),
    )
)
