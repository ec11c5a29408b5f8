"""Sol-Ver: one model writes programs and tests, and each is judged by the other. Lin et al. 2025.

**Learning to Solve and Verify: A Self-Play Framework for Code and Test Generation (Sol-Ver).** Lin, Shen, Shang,
Weston, Nie~. 2025. arXiv 2502.14948.

*The paper.* One model is solver and verifier. For each problem it writes several programs and several tests, and all
programs are run on all tests~. What agrees, programs that pass and tests that are passed, becomes training rows of both
roles; what fails is the rejected side of pairs~. The model is fine-tuned, then trained on the pairs, and the next round
begins with it. No program, test or label comes from people or from a stronger model.

*Different here.*
- A test is up to a few assertions, each of which compares one call with a literal: `assert f(2) == 4`. They are read
  without being run, and the comparison takes place outside of the sandbox, so that no program can make itself pass. A
  test that says anything else counts as none and scores 0.
- A program scores the share of tests that it passes, a test the share of programs that pass it. A test that one
  constant passes is weak: it scores 0 and judges no program. Kept is the best of each prompt from 0.5 up; pairs are the
  best against the worst. How the paper chooses among what agrees is not checked~.
- Each program is run twice, with another order of hashes; where the runs differ it has no score.
- New tasks are written after the example of prompts and judged by rules alone, as in `self_guide`; the paper's problems
  are not checked~. People may accept, edit or reject them before they are solved. Import prompts that are tasks for
  programs and name the function, and raise `max_words` of `prompt_rules` where they are long.
- 8 programs and 8 tests of each task, temperature 0.8; sampling and training settings are ours.
- Programs run in bubblewrap on the machine of the worker. A round is refused where that is not installed.

*Quoted.* Llama 3.1 8B improves by 19.63 % in code generation and 17.49 % in test generation, relatively (abstract).
"""

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
