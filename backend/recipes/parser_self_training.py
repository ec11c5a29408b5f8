"""LLM-enhanced self-training for cross-domain constituency parsing. Li et al. 2023."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

WRITE = (
    "Below stands a constituency tree.\n\n{text}\n\nWrite one new sentence, with other words, that is built by the "
    "same grammar rules. Reply with the sentence alone."
)
PARSE = "Write the constituency tree of this sentence, in brackets.\n\n{response}"
RULES = parts.TreeRules(accept_at=0.8)
CONFIDENCE = parts.SelfCertainty(measure="mean_logprob", accept_at=-0.1)
STEPS = (
    parts.InversePrompts(about="answer", template=WRITE),  # known answers are trees
    Step(parts.Sample(n=1, temperature=1.0, max_tokens=128), name="sentences", by="writer"),
    parts.PromptRules(min_words=3, max_words=60, without=(), plain_start=False),
    parts.Adopt(template=PARSE, keep_answer=True),  # the tree by whose rules it was written
    Step(parts.Sample(n=1, temperature=0.0), name="trees"),
    Step(parts.AllOf(judges=(RULES, CONFIDENCE)), by="policy"),  # how sure the parser itself is
    parts.AboveThreshold(keep="accepted"),
    parts.SFT(),
)
TITLE = "LLM-Enhanced Self-Training for Constituency Parsing"
METRICS = (parts.HeldOutAccuracy(verifier=parts.TreeRules(accept_at=1.0)),)
RECIPE = Recipe(name="parser_self_training", title=TITLE, paper="2311.02660", steps=STEPS, metrics=METRICS)
register(RECIPE.model_copy(update={"earlier_rounds": True}))
