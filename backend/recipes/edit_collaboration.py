"""PEER: A Collaborative Language Model. Schick et al. 2022. Edit histories are filled in backwards from texts.

**PEER: A Collaborative Language Model.** Schick, Dwivedi-Yu, Jiang, Petroni, Lewis, Izacard, You, Nalmpantis, Grave,
Riedel. 2022. ICLR 2023. arXiv 2208.11663.

*The paper.* A model learns to plan an edit of a text, carry it out, explain it, and go on. It is trained on edit
histories. Siblings of it fill in what a history lacks: one undoes edits, one writes plans or explanations. So texts of
domains without histories get one, backwards from the finished text, and the editor is trained on it.

*Different here.*
- The prompts of the chosen sets are finished texts. The roles `undo` and `explain` are bound at launch, to models that
  were trained on histories or to the policy; they are not trained here.
- One step back of each text, two versions of it; the paper undoes several edits in turn~. Documents as references are
  left out.
- Four plans of each step. A plan's score is how well the policy gets to the finished text by it (ROUGE-L), and a tenth
  of the mean log-probability of the plan; the best one from 0.5 up makes the row. How the paper ranks is not checked~.
- A row shows the earlier text and the plan, and the finished text answers. The editor learns to carry plans out, not to
  write them.
- People may decide on the plans. Sampling and training settings are ours.

*Quoted.* None: the abstract gives no figures.
"""

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
