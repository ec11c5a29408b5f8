"""What a launch is given, and what it would cost."""

from dataclasses import dataclass, field
from typing import Any

from backend.services.plans import auto_rules
from backend.values import LocalEngine, SetUse


@dataclass(frozen=True)
class Plan:
    """What a launch needs. `recipe` is the whole recipe as JSON, `review` the fields of `ReviewSettings` to change."""

    recipe: dict[str, Any]
    policy_id: int
    reference_id: int
    judge_id: int | None = None
    sample_set_ids: tuple[int, ...] = ()
    held_out_set_ids: tuple[int, ...] = ()
    mix_set_ids: tuple[int, ...] = ()
    num_prompts: int = 500
    seed: int = 0
    is_reviewed: bool = True
    is_blind: bool = True
    parent_id: int | None = None
    review: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, int] = field(default_factory=dict)
    """Checkpoints of roles beyond policy, reference and judge, by the name that steps call them."""
    engine: LocalEngine = LocalEngine.transformers
    """What serves model folders."""
    num_rounds: int = 1
    """Rounds to run, this one included: the others follow by themselves, each from the one before."""
    stop_rules: tuple[str, ...] = tuple(auto_rules.RULES)
    """What stops them (`auto_rules.RULES`)."""
    branch_of: int | None = None
    """The round whose rows this one begins with, instead of sampling; see `plans.branches`."""
    branch_step: int | None = None
    """Of a branch: the first step that runs anew."""

    def sets(self) -> list[tuple[int, SetUse]]:
        """(prompt set id, use) for each use of each set."""
        by_use = (
            (self.sample_set_ids, SetUse.sample),
            (self.held_out_set_ids, SetUse.held_out),
            (self.mix_set_ids, SetUse.mix),
        )
        return [(set_id, use) for ids, use in by_use for set_id in dict.fromkeys(ids)]


@dataclass(frozen=True)
class PlanEstimate:
    """Upper bounds for a plan. `rollouts`: how many of the samples trainings write themselves.

    `seconds` is what texts as long as the last time take, `seconds_at_most` texts of full length, and more where a
    small round cannot tell what a large one takes. Both are known where jobs of this project measured the model
    (`is_measured`). The demo's model has both before: the pace of an idle machine, and of one that other work shares.
    """

    samples: int
    judge_calls: int
    tokens: int
    seconds: float | None
    seconds_at_most: float | None = None
    warnings: tuple[str, ...] = ()
    rollouts: int = 0
    is_measured: bool = False
