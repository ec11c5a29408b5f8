"""The recipes that are killed: texts by a script where an untrained model cannot write them, real training always."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PACE = {"delay_seconds": 0.05}
"""What a call of the script takes, so that a moment within such a step can be hit."""
TRAINING = {
    "max_steps": 6,
    "save_steps": 2,
    "per_device_train_batch_size": 4,
    "max_length": 1024,
    "learning_rate": 2e-3,
    "logging_steps": 2,
}
ROLLOUTS = {"num_generations": 2, "max_completion_length": 6, "gradient_accumulation_steps": 1, "logging_steps": 1}
SHORT = {"tree_search": {"branch": 3, "budget": 3, "max_tokens": 9}, "anchored_pairs": {"drop_truncated": False}}
NUM_PROMPTS = 8

Launch = Callable[[], int]
Begun = Callable[[int], None]
"""Told of the undisturbed round of a phase."""


@dataclass(frozen=True)
class Case:
    """A recipe, and who answers in it.

    writer, judge: the script of policy and judge; without a writer the policy has weights, and answers by them.
    written: knobs of generators. phases: how many are run. start: where trainings start, if not where the recipe says.
    demo: on the demo's model and problems, so that the policy can judge itself. recipe: its name, if it is another.
    """

    name: str
    writer: dict[str, Any] = field(default_factory=dict)
    judge: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)
    reward: dict[str, Any] = field(default_factory=dict)
    phases: int = 1
    start: str = ""
    demo: bool = False
    recipe: str = ""

    def launches(self, folder: Path) -> list[tuple[Launch, Begun]]:
        """For each phase how its rounds are launched: the first by itself, each other one behind the one before."""
        from backend import demo
        from backend.demo import countdown, make_prompts
        from tests.integration.loop import Loop
        from tests.rows import make_checkpoint, make_prompt_set
        from tests.tiny import make_tiny_model

        tiny = make_tiny_model(folder / "models/tiny", hidden=16, layers=1, context=4096)
        first = make_tiny_model(folder / "models/first", hidden=16, layers=1, context=4096, seed=5)
        model = demo.MODEL_FOLDER if self.demo else tiny
        engine = {"name": "scripted"} | self.writer if self.writer else {"name": "transformers", "model": str(model)}
        loop = Loop(self.ready(), engine, demo.MODEL_FOLDER if self.demo else first)
        if self.demo:
            problems = [countdown.prompt(entry) for entry in make_prompts.split(make_prompts.SEED)[2]]
            loop.prompts = make_prompt_set(loop.project, prompts=problems[:NUM_PROMPTS])
        plan: dict[str, Any] = {}
        if self.judge:
            plan["judge_id"] = make_checkpoint(loop.project, engine={"name": "scripted"} | self.judge).id
        parents: list[int] = []

        def launcher(phase: int) -> Launch:
            return lambda: loop.launch(**plan, parent_id=parents[phase - 1] if phase else None, seed=3 + phase)

        return [(launcher(phase), parents.append) for phase in range(self.phases)]

    def ready(self) -> Any:
        """The recipe with short texts and trainings."""
        from backend import recipes
        from backend.recipes import Recipe

        changed = recipes.get(self.recipe or self.name).with_changes(self.steps)
        data = changed.model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2, "unparsed_limit": 1.0}
        for phase in data.get("phases", [data]):
            for step in phase["steps"]:
                self._shorten(step["kind"], step["part"])
        return Recipe.model_validate(data)

    def _shorten(self, kind: str, part: dict[str, Any]) -> None:
        part |= SHORT.get(part["name"], {})
        if kind == "generator":
            part |= self.written
        if kind == "trainer":
            part |= TRAINING | ({"start": self.start} if self.start else {})
        if part["name"] == "grpo":
            part |= ROLLOUTS | ({"reward": self.reward} if self.reward else {})


def _own_verdict() -> dict[str, Any]:
    from backend import demo

    verdict = {
        "name": "written_verdict",
        "votes": 1,
        "temperature": 0.0,
        "max_tokens": demo.MAX_TOKENS,
        "template": demo.JUDGE_TEMPLATE,
    }
    rules = {"name": "surface_rules", "must_match": r"\A[0-9+*-]+\Z"}
    return {"name": "weighted_sum", "judges": [verdict, rules], "weights": [1.0, 0.1], "optional": ["written_verdict"]}


PAIRWISE = {"pattern": "comparing two judgments", "reply": ["Winner: A", "Winner: B", "Winner: B", "no idea"]}
GRADES = {"pattern": "grading an answer", "reply": ["poor\nScore: 1", "fair\nScore: 3", "good\nScore: 5", "hm"]}
ANSWERS = {"pattern": "prompt", "reply": ["short", "a longer answer", "quite a long answer", "an answer"]}
REVISER = {
    "rules": [
        {"pattern": "Now write the answer anew", "reply": ["a kind answer", "a better answer"]},
        {"pattern": "Look at your last answer", "reply": "It is rude."},
        {"pattern": "prompt", "reply": ["a rude answer", "another answer", "a third answer"]},
    ]
} | PACE
CHOOSER = {"rules": [{"pattern": "<<<A\\na rude", "reply": "Winner: B"}, {"pattern": "", "reply": "Winner: A"}]} | PACE
SOLVER = {
    "rules": [
        {"pattern": "(?s)prompt a.*right", "reply": ["#### 4", "#### 5"]},
        {"pattern": "(?s)prompt [bc].*right", "reply": ["#### 5", "#### 6"]},
        {"pattern": "prompt [abc]", "reply": ["right\nand\n#### 4", "right\n#### 5", "wrong\n#### 9"]},
        {"pattern": "prompt", "reply": ["right\n#### 1", "wrong\n#### 2"]},
    ]
} | PACE
CASES = (
    Case(
        "meta_rewarding",
        writer={"rules": [PAIRWISE, GRADES, ANSWERS]} | PACE,
        start="base",
        steps={"answers": {"n": 3}, "judgments": {"n": 3}},
    ),
    Case("constitutional_ai", writer=REVISER, judge=CHOOSER, start="base", phases=2),
    Case(
        "temporal_self_rewarding",
        judge={"rules": [PAIRWISE, GRADES, ANSWERS]} | PACE,
        written={"n": 3, "max_tokens": 8},
    ),
    Case("grpo_self_judge", demo=True, recipe="self_rewarding_self_improving", reward=_own_verdict()),
    Case("rest_mcts", writer=SOLVER, start="base"),
)
