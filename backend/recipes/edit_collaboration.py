"""PEER: A Collaborative Language Model. Schick et al. 2022. Edit histories are filled in backwards from texts."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

UNDO = "Below stands a text.\n\n{text}\n\nWrite the text as it was before its last edit. Reply with that text alone."
EXPLAIN = (
    "Below stand a text before and after an edit.\n\nBefore: {response}\n\nAfter: {answer}\n\nSay in one sentence, "
    "as a request, what the edit changes. Do not quote the text after it."
)
EDIT = "Below stand a text and a plan of an edit.\n\nText: {draft}\n\nPlan: {response}\n\nWrite the edited text alone."
CONSISTENT, LIKELY = parts.RoundTrip(template=EDIT), parts.SelfCertainty(measure="mean_logprob")
RANK = parts.WeightedSum(judges=(CONSISTENT, LIKELY), weights=(1.0, 0.1), accept_at=0.5)
STEPS = (
    parts.InversePrompts(template=UNDO),  # the prompt sets hold finished texts
    Step(parts.Sample(n=2, temperature=1.0), name="earlier", by="undo"),
    parts.Ask(template=EXPLAIN),
    Step(parts.Sample(n=4, temperature=1.0, max_tokens=128), name="plans", by="explain"),
    Step(RANK, by="policy"),  # the editor carries the plan out
    parts.Ask(template=EDIT, about="accepted", most=1),
    parts.OwnAnswers(),  # the finished text
    parts.KeepAll(),
    parts.SFT(),
)
METRICS = (parts.HeldOutSimilarity(), parts.Length())
TITLE = "PEER: A Collaborative Language Model"
register(Recipe(name="edit_collaboration", title=TITLE, paper="2208.11663", steps=STEPS, metrics=METRICS))
