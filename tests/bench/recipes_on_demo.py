"""Recipes as they are run on the demo's task: the same budget for each, and what the tiny model can read and write.

The demo's model knows two kinds of chat: a problem, which it answers, and a problem with an answer, which it checks. So
a verifier of known answers is the task's checker, a judge that asks a model asks for such a check, and a critique is
one. All other knobs that are not named here are the recipe's own.
"""

from dataclasses import dataclass, field
from typing import Any

from backend import demo, recipes
from backend.recipes import Recipe

TEXTS_A_STEP = 64
"""Texts in an optimizer step; a pair is two."""
CHECKER = {"name": "countdown"}
OWN_VERDICT = {
    "name": "written_verdict",
    "votes": 1,
    "temperature": 0.0,
    "max_tokens": demo.MAX_TOKENS,
    "template": demo.JUDGE_TEMPLATE,
}
INSTEAD = {"exact_match": CHECKER, "written_verdict": OWN_VERDICT, "additive_rubric": OWN_VERDICT}
WRITERS = ("sample", "tree_search")
PAIRS, RL = ("dpo",), ("grpo", "rloo")
MEASURED = ("held_out_accuracy", "balance_score")
"""The only metrics that are computed: the second is what B-STaR's schedule looks at."""
SFT_RATE, PAIRS_RATE, RL_RATE = 1e-4, 5e-5, 1e-4
"""Learning rates. Far below the demo's 1e-3, which 25 steps do not recover from: rest_em fell from 48 to 44 % with it."""


@dataclass(frozen=True)
class Entry:
    """A recipe on the demo's task.

    signal: what tells good texts from bad ones. per_prompt: texts that are written for each prompt. pilot: texts that a
    schedule writes to try things out; they count. trainings: in a round; they share its steps. answers: whether the
    prompts have their known answers. phase: the only one that is run, if not all. roles: what the base is bound to.
    asked: the templates of its questions about texts, in order, where its own are no chats that the model knows.
    mixes: whether seed rows are trained on as well.
    """

    recipe: str
    kind: str
    signal: str
    per_prompt: int = 8
    changes: dict[str, Any] = field(default_factory=dict)
    trainings: int = 1
    pilot: int = 0
    answers: bool = False
    phase: int | None = None
    roles: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    mixes: bool = False

    def prompts(self, samples: int) -> int:
        """Prompts of a round that writes so many texts."""
        return max(1, (samples - self.pilot) // self.per_prompt)

    def ready(self, samples: int) -> Recipe:
        """The recipe with the budget of so many texts, which each step takes once: 64 in a step."""
        data = recipes.get(self.recipe).model_dump(mode="json")
        if self.phase is not None:
            data["phases"] = data["phases"][self.phase : self.phase + 1]
        steps = [step for phase in data.get("phases", [data]) for step in phase.get("steps", ())]
        questions = [step["part"] for step in steps if step["part"]["name"] == "ask"]
        for question, template in zip(questions, self.asked, strict=False):
            question["template"] = template
        data["metrics"] = [metric for metric in data["metrics"] if metric["name"] in MEASURED]
        most = max(1, samples // TEXTS_A_STEP // self.trainings)
        return Recipe.model_validate(_ported(data, most) | {"unparsed_limit": 1.0}).with_changes(self.changes)


def _ported(value: Any, steps: int) -> Any:
    """The JSON of a recipe with the parts of this task and the budget in it."""
    if isinstance(value, list):
        return [_ported(entry, steps) for entry in value]
    if not isinstance(value, dict):
        return value
    name = None if "part" in value else value.get("name")
    if name in INSTEAD:
        return INSTEAD[name]
    results = {key: _ported(number, steps) for key, number in value.items()}
    if name in WRITERS:
        results["max_tokens"] = demo.MAX_TOKENS
    if "max_steps" in results:
        results |= _training(str(name), results, steps)
    return results


def _training(name: str, knobs: dict[str, Any], steps: int) -> dict[str, Any]:
    same = {"max_steps": steps, "max_length": 256, "gradient_accumulation_steps": 1, "warmup_steps": 0.1}
    if "num_generations" in knobs:
        more = {"num_generations": 8, "max_completion_length": demo.MAX_TOKENS, "learning_rate": RL_RATE}
        return same | more | {"per_device_train_batch_size": TEXTS_A_STEP}
    is_paired = name in PAIRS
    rate = PAIRS_RATE if is_paired else SFT_RATE
    return same | {
        "learning_rate": rate,
        "per_device_train_batch_size": TEXTS_A_STEP // 2 if is_paired else TEXTS_A_STEP,
    }


EIGHT = {"generator": {"n": 8}}
PROBE = {"name": "balance_probe", "temperatures": [0.7, 1.0, 1.3], "prompts": 16, "n": 8}
CRITIQUE_AND_REVISE = {"answers": {"n": 4}, "critiques": {"n": 1}, "refined": {"n": 2}}
ENTRIES = (
    Entry(
        "rejection_sampling",
        "filter and fine-tune, half of the rows seeds",
        "own verdict",
        mixes=True,
        changes={
            "generator": {"n": 8, "temperature": 1.0, "top_k": 0},
            "judge": OWN_VERDICT,
            "mix_share": 0.5,
            "selector": {"max_per_prompt": 1},
            "earlier_rounds": True,
        },
    ),
    Entry("rest_em", "filter and fine-tune the base", "checker", changes=EIGHT),
    Entry("star", "greedy, a hint where it failed", "checker", per_prompt=2, answers=True),
    Entry(
        "bstar",
        "temperature tried out, filter and fine-tune",
        "checker",
        pilot=3 * 16 * 8,
        changes=EIGHT | {"schedule": PROBE},
    ),
    Entry("lmsi", "majority vote, fine-tune", "none", changes=EIGHT),
    Entry("rlsc", "rows weighed by their probability", "none", changes=EIGHT),
    Entry("nft", "negative-aware fine-tuning", "checker", changes=EIGHT),
    Entry("self_rewarding", "pairs by self-judgment", "own verdict", changes={"generator": {"n": 8}}),
    Entry("irpo", "pairs of right and wrong", "checker", changes=EIGHT),
    Entry(
        "self_consistency_preference",
        "pairs by majority vote",
        "none",
        changes={"generator": {"n": 6, "extra_n": 2}, "judge": {"voters": 6}, "selector": {"voters": 6}},
    ),
    Entry("spin", "own texts against known answers", "known answers", per_prompt=1, answers=True),
    Entry(
        "self_evolution_kd",
        "distillation on known answers, the base as teacher",
        "known answers",
        per_prompt=1,
        answers=True,
        roles=("teacher",),
    ),
    Entry(
        "critique_in_the_loop",
        "check, then another try",
        "checker",
        phase=1,
        roles=("critic",),
        changes=CRITIQUE_AND_REVISE,
        asked=(demo.JUDGE_TEMPLATE, "{prompt}"),
    ),
    Entry(
        "rest_mcts",
        "tree search with a scorer of steps",
        "checker",
        answers=True,
        trainings=2,
        changes={"tree": {"branch": 8, "budget": 1}},
    ),
    Entry("decentralized_rl", "GRPO", "checker"),
    Entry("majority_self_training", "RLOO by majority vote", "none"),
    Entry("self_rewarding_self_improving", "GRPO by self-judgment", "own verdict"),
    Entry("intuitor", "GRPO by certainty", "none"),
)
