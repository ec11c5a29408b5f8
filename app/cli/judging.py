"""`rondo round judge`, `release`, `branch` and `judge-limits`."""

from typing import Annotated, Any

import typer

from app.cli.output import AsJson, Project, emit, table
from app.cli.reviewing import app
from app.cli.rounds import Number, emit_round, one_round, settings_from

__all__ = ["app"]


@app.command()
def judge(number: Number = None, project: Project = None, as_json: AsJson = False) -> None:
    """Show whether a round's judge can be trusted: one light, and the numbers behind it."""
    from dataclasses import asdict

    from app.widgets.judge_health import shown
    from backend.services import judge_health

    actor, round_ = one_round(project, number)
    health = judge_health.of_round(actor, round_.id)
    fields = shown(health, round_.hold)
    columns = ["title", "light", "value", "interval", "limits", "rows"]
    lines = [[row[name] for name in columns] for row in fields["known"]]
    notes = [f"{row['title']}: {row['note']}" for row in fields["known"] if row["note"]]
    missing = [f"{measure['title']}: {measure['missing']}" for measure in fields["unknown"]]
    light = f"{fields['light']}: {fields['sentence']}"
    parts = [light, *(fields[name] for name in ("as_of", "corrected", "held", "released"))]
    text = "\n".join([*filter(None, parts), *([table(columns, lines)] if lines else []), *notes, *missing])
    emit(asdict(health) | {"hold": round_.hold}, as_json=as_json, text=text)


@app.command()
def release(
    reason: Annotated[str, typer.Option(help="Why it may train although its judge's light is red; it is kept.")],
    number: Number = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Let a round train that its judge's red light holds."""
    from backend.services import judge_health, rounds

    actor, round_ = one_round(project, number)
    judge_health.release(actor, round_.id, reason)
    emit_round(rounds.get(actor, round_.id), as_json=as_json)


@app.command()
def branch(
    number: Number = None,
    project: Project = None,
    at: Annotated[
        str,
        typer.Option(
            "--from",
            help="judge, select or train: the first stage that runs anew; questions: the judge answers those of the "
            "project.",
        ),
    ] = "judge",
    knobs: Annotated[list[str] | None, typer.Option("--set", help="A knob that differs, as STEP.KNOB=VALUE.")] = None,
    judge: Annotated[str | None, typer.Option(help="Another judge, by name or id; policy: the policy itself.")] = None,
    review: Annotated[bool | None, typer.Option("--review/--no-review", help="Whether people review it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge, select or train the texts of a round otherwise, in a new round; nothing is sampled again."""
    from app.cli import launching
    from backend.services import plans, rounds
    from backend.services.plans import branches

    actor, round_ = one_round(project, number)
    wish = launching.LaunchOptions(settings=knobs or (), judge=judge)
    plan = launching.changed(actor, round_.project_id, plans.branch(actor, round_.id, at), wish)
    if review is not None:
        plan = branches.with_review(plan, is_reviewed=review)
    emit_round(rounds.get(actor, rounds.launch(actor, round_.project_id, plan)), as_json=as_json)


@app.command("judge-limits")
def judge_limits(
    project: Project = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A limit to change, as name=value.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show when a judge's light turns amber or red, and whether red holds rounds; change it."""
    from app.cli import asking
    from backend.services import judge_health

    actor = asking.owner()
    here = asking.project(actor, project).id
    changes: dict[str, Any] = settings_from(set_ or [])
    limits = judge_health.set_limits(actor, here, changes) if changes else judge_health.limits_of(actor, here)
    fields = limits.model_dump(mode="json")
    emit(fields, as_json=as_json, text=table(["limit", "value"], [[name, value] for name, value in fields.items()]))
