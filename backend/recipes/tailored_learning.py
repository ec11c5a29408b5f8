"""Tailored learning: a teacher writes data for what the student failed at, anew in each round. Wang et al. 2023."""

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
