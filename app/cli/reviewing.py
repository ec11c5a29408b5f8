"""`rondo round queue`, `review`, `close-review` and `reopen-review`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import AsJson, Project, emit, table
from app.cli.rounds import Number, app, emit_round, one_round, settings_from

if TYPE_CHECKING:
    from backend.services.queue.review_items import Item

__all__ = ["app"]

LONGEST = 60
"""Characters of a prompt or text in a table."""


@app.command()
def queue(
    number: Number = None,
    project: Project = None,
    order: Annotated[
        str, typer.Option(help="informativeness, sequential, random or disagreement.")
    ] = "informativeness",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what the review's queue would give next; nothing is reserved."""
    from dataclasses import asdict

    from backend.errors import InvalidInput
    from backend.services import queue as review_queue

    if order not in list(review_queue.Order):
        raise InvalidInput(f"There is no order {order!r}. Choose from {', '.join(review_queue.Order)}.")
    actor, round_ = one_round(project, number)
    items = review_queue.queue(actor, round_.id, order=review_queue.Order(order), limit=limit, peek=True)
    text = _queued(items) if items else "Nothing is left to decide."
    emit({"items": [asdict(item) for item in items]}, as_json=as_json, text=text)


@app.command("review")
def review_settings(
    number: Number = None,
    project: Project = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting to change, as name=value.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how a round is reviewed, and change it while it waits."""
    from backend.services import review_settings as settings_of
    from backend.services.reviews import settings_edit

    actor, round_ = one_round(project, number)
    changes = settings_from(set_ or [])
    settings = settings_edit.edit_review(actor, round_.id, changes) if changes else settings_of.read(round_.review)
    fields = settings.model_dump(mode="json")
    emit(fields, as_json=as_json, text=table(["setting", "value"], [[name, value] for name, value in fields.items()]))


@app.command("close-review")
def close_review(
    number: Number = None,
    project: Project = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say what would be trained on, and what would stay open.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """End the review of a round and go on to training."""
    from dataclasses import asdict

    from app.widgets.closing_lines import closing_lines
    from backend.services import reviews, rounds
    from backend.services.reviews import ending

    actor, round_ = one_round(project, number)
    if preview:
        ending.check_waits(round_)
        at = reviews.closing(actor, round_.id)
        return emit(asdict(at), as_json=as_json, text="\n".join(closing_lines(at)))
    reviews.close(actor, round_.id)
    return emit_round(rounds.get(actor, round_.id), as_json=as_json)


@app.command("reopen-review")
def reopen_review(
    reason: Annotated[str, typer.Option(help="Why; others will read it.")],
    number: Number = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Open the closed review of a round again; what was made of its labels is marked as stale."""
    from backend.services import rounds
    from backend.services.reviews import reopening

    actor, round_ = one_round(project, number)
    reopening.reopen(actor, round_.id, reason=reason)
    emit_round(rounds.get(actor, round_.id), as_json=as_json)


def _queued(items: "list[Item]") -> str:
    """The next items as a table, each with its prompt; a group is named by its first sample."""
    asked = [_cut(item.messages[-1]["content"]) for item in items]
    if not items[0].num_members:
        lines = [
            [item.sample_id, prompt, _cut(item.text), item.reason or "-"]
            for item, prompt in zip(items, asked, strict=True)
        ]
        return table(["sample", "prompt", "text", "why"], lines)
    groups = [
        [item.sample_id, item.num_members, prompt, item.reason or "-"]
        for item, prompt in zip(items, asked, strict=True)
    ]
    return table(["group", "samples", "prompt", "why"], groups)


def _cut(text: str) -> str:
    """The text in one line of a table; what was left out is marked."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
