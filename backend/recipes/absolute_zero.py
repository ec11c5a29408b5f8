"""Absolute Zero: one model proposes tasks that a program can check, and solves them. Zhao et al. 2025.

**Absolute Zero: Reinforced Self-play Reasoning with Zero Data.** Zhao, Wu, Yue, Wu, Xu, Yue, Lin, Wang, Wu, Zheng,
Huang~. 2025. arXiv 2505.03335.

*The paper.* One model proposes tasks and solves them, without any data. A task is a program, an input and the output
that running it gives; one of the three is asked for: the output (deduction), an input (abduction) or the program
(induction, from pairs of input and output and a message). The proposer is shown past tasks and asked for another one. A
task is valid if its program runs, is safe and returns the same each time. The proposer's reward is 1 less the success
rate of 8 runs of the solver, and 0 where none succeeds; the solver's is 1 where its answer is right. Wrong answers get
-0.5 and texts without the form -1. Both roles are trained online in each step; valid tasks go to a buffer from which
later steps draw.

*Different here.*
- A round proposes one batch of tasks, then trains the solver on those that are valid, then the proposer on the same
  questions, from the solver's weights. The paper updates both with one batch. Each training is GRPO; the paper's
  estimator has a baseline for each role and kind of task.
- In the proposer's training the policy itself solves each task 8 times as it is at that step. Valid tasks of that
  training are seen among the rollouts; those of the batch before it become prompts.
- The buffer is the prompts that earlier rounds of the line adopted: 6 of the same kind are shown~. The solver is
  trained on the tasks of its round. In the first round the identity is shown for each kind.
- A round asks for as many tasks as it takes prompts, each kind in turn. It needs a prompt set for its questions to
  count to: import any one prompt, which is not shown. A prompt whose metadata has a `task` is shown as one.
- An induction has 10 inputs~, half of which are shown. Values are plain Python literals. Modules that make a program
  differ from run to run or reach out of it may not be imported; the list is ours. Each question says which one it is of
  how many, so that seeded engines do not answer all alike.
- A round in which no task is valid ends before it trains: begin with a model that writes programs.
- People may accept or reject tasks before they are solved; a task is run again before it becomes a prompt. Programs run
  in bubblewrap on the machine of the worker, and what is right is compared outside of it. A round is refused where that
  is not installed.
- Training settings are ours.

*Quoted.* State of the art among models of the zero-data setting on coding and mathematics, above models that use tens
of thousands of curated examples (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SOLVED = parts.SolvesTask(wrong=-0.5, unread=-1.0)
LEARNED = parts.Learnability(solver_runs=8, invalid=-0.5, unread=-1.0)

register(
    Recipe(
        name="absolute_zero",
        title="Absolute Zero: Reinforced Self-play Reasoning with Zero Data",
        paper="2505.03335",
        steps=(
            parts.VerifiedTasks(),
            Step(parts.Sample(n=1, temperature=1.0), name="proposals"),
            parts.ValidTask(),
            parts.AdoptTasks(),
            parts.AllPrompts(),
            Step(parts.GRPO(reward=SOLVED), name="solver"),
            Step(parts.AllPrompts(), of="proposals"),
            parts.GRPO(reward=LEARNED, judge_by="live", start="solver"),  # the proposer: the same weights, trained on
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
