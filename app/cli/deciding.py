"""`rondo round review-status` and `decide`."""

from typing import Annotated

import typer

from app.cli.judging import app
from app.cli.output import AsJson, Project, emit, table
from app.cli.rounds import Number, one_round
from backend.values import DecisionKind

__all__ = ["app"]

RoundOption = Annotated[int | None, typer.Option("--round", help="The round's number. [default: the newest]")]


@app.command("review-status")
def review_status(number: Number = None, project: Project = None, as_json: AsJson = False) -> None:
    """Show how far a round's review is, and who decided how much."""
    from dataclasses import asdict

    from backend.services import reviews

    actor, found = one_round(project, number)
    at = reviews.progress(actor, found.id)
    state = "open" if at.is_open else "over" if at.has_begun else "not begun"
    text = f"Round {found.number}: the review is {state}; {at.decided} of {at.samples} decided, {at.remaining} to go"
    people = [[one.name, one.decided] for one in at.people]
    lines = [text, *([table(["who", "decided"], people)] if people else [])]
    emit(asdict(at) | {"state": state}, as_json=as_json, text="\n".join(lines))


@app.command()
def decide(
    sample: Annotated[int, typer.Argument(help="The sample's id; of a group that of its first, as `queue` has it.")],
    verdict: Annotated[str, typer.Argument(help="accept or reject.")],
    note: Annotated[str, typer.Option(help="Why; others will read it.")] = "",
    number: RoundOption = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Accept or reject a sample of a round that waits for people. `rondo round queue` says which come next."""
    import uuid
    from dataclasses import asdict

    from backend.errors import InvalidInput
    from backend.services import reviews

    if verdict not in (DecisionKind.accept, DecisionKind.reject):
        raise InvalidInput(f"There is no verdict {verdict!r}. Choose accept or reject.")
    actor, found = one_round(project, number)
    # In a shell one may have seen what the judge said.
    done = reviews.decide(
        actor, uuid.uuid4().hex, sample, DecisionKind(verdict), round_id=found.id, note=note, is_blind=False
    )
    emit(asdict(done.decision), as_json=as_json, text=f"Sample {sample}: {verdict}")
