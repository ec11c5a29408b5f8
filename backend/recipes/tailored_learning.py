"""Tailored learning: a teacher writes data for what the student failed at, anew in each round. Wang et al. 2023.

**Democratizing Reasoning Ability: Tailored Learning from Large Language Model.** Wang, Huang, Liu, Wang, Song, Zhang,
Huang, Wei, Deng, Sun, Zhang. 2023. arXiv 2310.13332.

*The paper.* In each of several rounds the student takes an exam, exposes its mistakes to a teacher, and the teacher
writes training data for them; so the data follows what this student cannot do yet. Beside it the student learns from
reflecting on its mistakes: right and wrong rationales of its own are set apart by a second loss.

*Different here.*
- For each prompt that no attempt solved the teacher (the role `teacher`, a checkpoint or endpoint bound at launch)
  writes a similar task, and then answers it. The paper's teacher also sees the wrong rationale, and writes about the
  failed question itself~; for that put `ask` about failed prompts in place of the two steps.
- What the teacher answers is believed, if it was not cut off: new tasks have no known answer.
- The released code trains with both losses at once; the second one is a triplet loss on hidden states. Here SFT on the
  teacher's data comes first, then DPO on one pair of a right and a wrong attempt of each prompt, as a stand-in for it,
  from the model that SFT made.
- Four attempts make an exam, as in the released code; the temperature of 0.7 is ours.
- People may decide on the attempts, before the teacher is asked.
- A round in which the policy fails at nothing, or in which no prompt has a right and a wrong attempt, lacks rows for
  one of the trainings and ends with that reason.

*Quoted.* None: the abstract gives no figures.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

NEW_TASKS = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.9)))
WHOLE = parts.PromptRules(min_words=1, max_words=1000, without=(), plain_start=False)
STEPS = (
    parts.PromptSet(),
    Step(parts.Sample(n=4, temperature=0.7), name="attempts"),
    parts.ExactMatch(),
    parts.EvolvePrompts(about="failed", direction="similar"),
    Step(parts.Sample(n=1, temperature=0.7), name="tasks", by="teacher"),
    NEW_TASKS,
    parts.Adopt(),
    Step(parts.Sample(n=1, temperature=0.0), name="rationales", by="teacher"),
    WHOLE,
    parts.AboveThreshold(threshold=1.0),
    Step(parts.SFT(), name="taught"),
    Step(parts.RightAndWrong(), of="attempts"),  # then it learns from its own mistakes
    parts.DPO(start="taught", reference="taught"),
)
TITLE = "Tailored Learning from a Large Language Model"
METRICS = (parts.HeldOutAccuracy(), parts.Length())
register(Recipe(name="tailored_learning", title=TITLE, paper="2310.13332", steps=STEPS, metrics=METRICS))
