"""Sol-Ver: one model writes programs and tests, and each is judged by the other. Lin et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

TESTS = """{prompt}

Do not solve this task. Write tests for it: 5 lines of Python in one block, each `assert f(...) == ...`, with the
function's name as in the task and with literals alone. Cover ordinary and extreme cases, each with another result."""
EIGHT = parts.Sample(n=8, temperature=0.8, top_p=0.95)
NEW = parts.FewShotPrompts(), Step(parts.Sample(n=1, temperature=0.8, max_tokens=256), name="tasks")
ADOPTED = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7))), parts.Adopt()
WRITTEN = Step(EIGHT, name="solutions"), parts.Ask(template=TESTS, about="prompt"), Step(EIGHT, name="tests")
# Every program is run on every test: a row of this matrix judges a program, a column a test.
JUDGED = (
    Step(parts.RunTests(texts="tests", beside="solutions", accept_at=0.5), name="agreed"),
    Step(parts.RunTests(beside="tests"), name="passed", of="solutions"),
)
BEST, PAIR = parts.AboveThreshold(threshold=0.5, max_per_prompt=1), parts.BestVersusWorst()
TAUGHT = Step(BEST, of="solutions"), Step(BEST, of="tests"), Step(parts.SFT(), name="taught")
PREFERRED = Step(PAIR, of="solutions"), Step(PAIR, of="tests"), parts.DPO(start="taught", reference="taught")
STEPS = (*NEW, *ADOPTED, *WRITTEN, *JUDGED, *TAUGHT, *PREFERRED)
TITLE = "Learning to Solve and Verify (Sol-Ver)"
METRICS = (parts.HeldOutAccuracy(), parts.Length())
register(Recipe(name="solve_and_test", title=TITLE, paper="2502.14948", steps=STEPS, metrics=METRICS))
