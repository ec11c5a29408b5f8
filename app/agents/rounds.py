"""Tools for rounds: list them, launch one, follow it, close its review."""

import json
from dataclasses import asdict

from pydantic import Field

from app.agents.tool import RowId, ToolCall, as_json, fields, untrusted, words
from app.api.rounds import Changes
from app.widgets.closing_lines import closing_lines
from backend.boundary import Count, Data, Line, Seed
from backend.errors import InvalidInput
from backend.services import reviews, round_report, rounds, warnings
from backend.services.access import Actor
from backend.services.rounds import RoundView
from backend.values import JSON, RoundStatus

MOST_ROUNDS = 50


def shown(row: RoundView) -> JSON:
    """A round in short."""
    names = ("id", "number", "status", "stage", "num_prompts", "is_reviewed", "is_blind", "policy_id", "judge_id")
    more = ("checkpoint_id", "counts", "created_at", "finished_at")
    answer = {"recipe": str(row.recipe.get("name", "")), **fields(row, *names, *more), **words(row, "error")}
    return answer | ({"hold": untrusted(json.dumps(as_json(row.hold), ensure_ascii=False))} if row.hold else {})


class ListRounds(ToolCall):
    """List the rounds of a project, newest first: recipe, status, what they counted, which checkpoint they made."""

    title = "List rounds"

    project_id: RowId
    limit: int = Field(20, ge=1, le=MOST_ROUNDS)
    before_number: Count | None = Field(None, description="only rounds with a lower number, for the next page")

    def call(self, actor: Actor) -> JSON:
        rows = rounds.newest(actor, self.project_id, limit=self.limit + 1, before_number=self.before_number)
        return {"rounds": [shown(row) for row in rows[: self.limit]], "has_more": len(rows) > self.limit}


class LaunchRound(ToolCall):
    """Launch a round: sample, judge, select, train, measure. What is left out is as in the project's last round.

    Needs the role curator. Ask with `dry_run` first: it starts nothing, and says how much the round would make and
    which `after_number` to launch it with. Where no answer came, send the same again: no second round is launched.
    """

    title = "Launch a round"
    changes = True
    repeats = True

    project_id: RowId
    recipe: Line | None = Field(None, description="a recipe's name, as `list_recipes` gives it")
    knobs: Data = Field(
        default_factory=dict, description='knobs that differ, by step: {"sample": {"n": 4}, "dpo": {"beta": 0.1}}'
    )
    num_prompts: Count | None = None
    seed: Seed | None = None
    is_reviewed: bool | None = Field(None, description="whether people look before training")
    policy_id: RowId | None = Field(None, description="the checkpoint that answers; left out: the best one")
    dry_run: bool = Field(False, description="only say what it would make")
    after_number: Count | None = Field(
        None, description="the number of the project's newest round, 0 where it has none; needed to launch"
    )

    def call(self, actor: Actor) -> JSON:
        given = {name: getattr(self, name) for name in ("recipe", "num_prompts", "seed", "is_reviewed", "policy_id")}
        given |= {"reference_id": self.policy_id, "changes": self.knobs or None}
        plan = Changes(**{name: value for name, value in given.items() if value is not None}).plan(
            actor, self.project_id
        )
        if self.dry_run:
            last = max((round_.number for round_ in rounds.newest(actor, self.project_id, limit=1)), default=0)
            would_make = as_json(asdict(rounds.estimate(actor, self.project_id, plan)))
            rounds.check_plan(actor, self.project_id, plan)
            return {"would_make": would_make, "after_number": last}
        if self.after_number is None:
            raise InvalidInput("Launching needs after_number: the number of the project's newest round, 0 for none.")
        launched = rounds.launch(actor, self.project_id, plan, after_number=self.after_number)
        return {"round": shown(rounds.get(actor, launched))}


class GetRound(ToolCall):
    """One round: its status, its metrics with 95 % intervals and their change, and how far its review is.

    status: running, review (it waits for people), held (its judge is doubted), done, failed or cancelled.
    """

    title = "Get a round"

    round_id: RowId

    def call(self, actor: Actor) -> JSON:
        row = rounds.get(actor, self.round_id)
        measured = round_report.opening(actor, self.round_id).measured
        names = ("name", "of", "checkpoint", "value", "low", "high", "n", "compared_with", "before", "change", "p")
        answer: JSON = {
            "round": shown(row),
            "metrics": [fields(metric, *names) for metric in measured.metrics[:100]],
            "not_measured": list(measured.missing),
        }
        if row.status is RoundStatus.review:
            progress = reviews.progress(actor, self.round_id)
            answer["review"] = fields(progress, "samples", "decided", "remaining", "is_open", "ends_at")
        return answer


class ListWarnings(ToolCall):
    """What may be going wrong in a round, worst first: each light with its number and its limit.

    Empty before the round was evaluated.
    """

    title = "List warnings"

    round_id: RowId

    def call(self, actor: Actor) -> JSON:
        names = ["name", "title", "level", "measures", "unit", "value", "low", "high", "limit", "amber", "is_below"]
        names += ["more", "advice", "n", "rows"]
        raised = warnings.of_round(actor, self.round_id)
        return {"warnings": [fields(warning, *names) | words(warning, "reason") for warning in raised]}


class CloseReview(ToolCall):
    """End the review of a round, which goes on with what was decided; needs the role curator.

    Ask with `dry_run` first: it says what the round would go on with, and what stays open.
    """

    title = "Close a review"
    changes = True
    ends = True

    round_id: RowId
    dry_run: bool = Field(False, description="only say what closing would do")

    def call(self, actor: Actor) -> JSON:
        if self.dry_run:
            return {"would_do": closing_lines(reviews.closing(actor, self.round_id))}
        return {"job_id": reviews.close(actor, self.round_id)}
