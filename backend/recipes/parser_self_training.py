"""LLM-enhanced self-training for cross-domain constituency parsing. Li et al. 2023.

**LLM-enhanced Self-training for Cross-domain Constituency Parsing.** Li, Zhang, Guo, Zhang, Zhang. 2023. EMNLP 2023.
arXiv 2311.02660.

*The paper.* A parser of one domain is adapted to another one. In each iteration a language model writes raw sentences
of the new domain, guided by grammar rules taken from the treebank of the moment, the parser parses them, and
pseudo-trees that are selected by their grammar rules and by the parser's confidence go into its training data. Both
criteria together are best.

*Different here.*
- The parser is the policy, a language model that writes trees in brackets; the paper's is a chart parser~. The role
  `writer` writes the sentences.
- The known answers of the prompts are trees. Each sentence is written by the rules of one tree; the paper gives rules
  and some sentences of the domain~. Say in the template which domain is wanted.
- Rules: F between the rules of the written tree and those of the tree that guided the sentence, at least 0.8; a tree of
  other words than the sentence's has 0. The paper compares the distribution of rules of a tree with that of the
  treebank~.
- Confidence: the mean log-probability of the tree's tokens under the policy, at least -0.1. Both limits are ours.
- Rows of earlier rounds are trained on again; real trees come in as sets used as mix, with `mix_share`.
- People may decide on the sentences before they are parsed. Training settings are ours.

*Quoted.* None: the abstract gives no figures.
"""

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
