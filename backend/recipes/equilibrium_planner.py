"""Closed-loop long-horizon planning by equilibrium sequence modeling. Li, Sun, Mu 2024.

**Closed-loop Long-horizon Robotic Planning via Equilibrium Sequence Modeling.** Li, Sun, Mu. 2024. ICML 2025. arXiv
2410.01440.

*The paper.* A planner refines its draft until it stops changing: the plan is a fixed point of the model. There the
model is trained with plain supervision, from the draft at rest to the known plan, without a verifier or a reward model.
An outer loop puts feedback by the environment, or by a world model, into what the planner sees, and the inner loop
starts again.

*Different here.*
- The inner loop is plain repetition, at most five revisions, each of which sees the task and the last draft. Two drafts
  are equal where their words and operators are. The paper uses solvers of fixed-point problems~.
- Drafts that do not come to rest are not trained on.
- The role `world` says in words what happens when a plan is carried out: bind a world model, or an endpoint that stands
  before a simulator. One outer loop is unrolled; add steps for more. Its drafts start anew~.
- The plans are known answers. The gradient of the implicit function is that of supervised training at the fixed point,
  as in the paper~.
- `held_out_similarity` is of first drafts. The paper measures what plans achieve in VirtualHome.
- People may decide on the drafts at rest of the first loop. Training settings are ours.

*Quoted.* None: the abstract gives no figures. It says that more computation at inference makes better plans.
"""

from typing import Any

from backend.generators.fixed_point import REVISE
from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

TO_TARGET = REVISE.replace("{prompt}", "{question}")
CARRIED_OUT = "A task and a plan:\n\nTask: {prompt}\n\nPlan: {response}\n\nSay what happens when it is carried out."
ONCE_MORE = "{prompt}\n\nThis plan was carried out:\n\n{draft}\n\nThis happened:\n\n{response}\n\nWrite another plan."
SETTLED = parts.Noted(key="unchanged", accept_at=1.0)
REVISED = parts.Ask(template=TO_TARGET, about="accepted"), parts.OwnAnswers(), parts.KeepAll()


def at_rest(name: str) -> tuple[Any, ...]:
    """Drafts that stopped changing, and what they are to be revised to, the known plan: no verifier, no reward."""
    return Step(parts.FixedPoint(max_revisions=5), name=name), SETTLED, *REVISED


INNER = parts.PromptSet(), *at_rest("plans")
FEEDBACK = Step(parts.Ask(template=CARRIED_OUT), of="plans"), Step(parts.Sample(n=1, temperature=0.0), by="world")
STEPS = (*INNER, *FEEDBACK, parts.Ask(template=ONCE_MORE), *at_rest("replanned"), parts.SFT())
TITLE = "Equilibrium Sequence Modeling for Planning"
METRICS = (parts.HeldOutSimilarity(), parts.Length())
register(Recipe(name="equilibrium_planner", title=TITLE, paper="2410.01440", steps=STEPS, metrics=METRICS))
