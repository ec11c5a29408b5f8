"""`rondo round review-status` and `decide`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.judging import app
from app.cli.output import AsJson, Project, emit, table
from app.cli.rounds import Number, one_round
from backend.values import DecisionKind
from backend.values.questions import QuestionKind

if TYPE_CHECKING:
    from backend.services.questions import QuestionView

__all__ = ["app"]

STATES = {
    "open": "the review is open",
    "over": "the review is over",
    "not begun": "the review is not begun",
    "skipped": "this branch begins after the review, so nobody is asked",
    "not wanted": "launched without people's review",
}
RoundOption = Annotated[int | None, typer.Option("--round", help="The round's number. [default: the newest]")]


@app.command("review-status")
def review_status(number: Number = None, project: Project = None, as_json: AsJson = False) -> None:
    """Show how far a round's review is, and who decided how much."""
    from dataclasses import asdict

    from backend.services import reviews
    from backend.services.rounds import review_scope

    actor, round_ = one_round(project, number)
    at = reviews.progress(actor, round_.id)
    state = "open" if at.is_open else "over" if at.has_begun else "not begun"
    state = "skipped" if review_scope.is_view_skipped(round_) else state if round_.is_reviewed else "not wanted"
    text = f"Round {round_.number}: {STATES[state]}; {at.decided} of {at.samples} decided"
    text += f", {at.remaining} to go" if state in ("open", "not begun") else ""
    people = [[person.name, person.decided] for person in at.people]
    lines = [text, *([table(["who", "decided"], people)] if people else [])]
    emit(asdict(at) | {"state": state}, as_json=as_json, text="\n".join(lines))


@app.command()
def decide(
    sample: Annotated[int, typer.Argument(help="The sample's id; of a group that of its first, as `queue` has it.")],
    verdict: Annotated[str, typer.Argument(help="accept or reject.")],
    note: Annotated[str, typer.Option(help="Why; others will read it.")] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(help="An answer to a question of the project, as accuracy=4, tone=warm or faults=long,cold."),
    ] = None,
    number: RoundOption = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Accept or reject a sample of a round that waits for people. `rondo round queue` says which come next."""
    import uuid
    from dataclasses import asdict

    from backend.errors import InvalidInput
    from backend.services import questions, reviews

    if verdict not in (DecisionKind.accept, DecisionKind.reject):
        raise InvalidInput(f"There is no verdict {verdict!r}. Choose accept or reject.")
    actor, round_ = one_round(project, number)
    # In a shell one may have seen what the judge said.
    act = reviews.Act(uuid.uuid4().hex, DecisionKind(verdict), sample, note=note, is_blind=False)
    values = values_of(questions.list_questions(actor, round_.project_id, with_retired=False), answer or [])
    done = reviews.decide_with_answers(actor, round_.id, act, values)
    emit(asdict(done.decision), as_json=as_json, text=f"Sample {sample}: {verdict}")


def values_of(asked: Sequence["QuestionView"], given: Sequence[str]) -> dict[str, Any]:
    """The answers by key, as the questions' kinds have them; raises `InvalidInput` for what is not written so."""
    from backend.errors import InvalidInput

    kinds, values = {view.key: view.kind for view in asked}, dict[str, Any]()
    for argument in given:
        key, is_written, words = (part.strip() for part in argument.partition("="))
        kind = kinds.get(key)
        if not is_written or kind is None:
            known = ", ".join(kinds) or "none"
            raise InvalidInput(
                f"{argument[:80]!r} answers no question. Write key=answer with one of these keys: {known}."
            )
        if kind is QuestionKind.spans:
            raise InvalidInput(f"The question {key!r} is answered by places in a text. Mark them at the desk.")
        if kind is QuestionKind.rating and not words.isdecimal():
            raise InvalidInput(f"The question {key!r} is answered by a number. Write {key}=4.")
        value: Any = words
        if kind is QuestionKind.rating:
            value = int(words)
        elif kind is QuestionKind.labels:
            value = [word.strip() for word in words.split(",") if word.strip()]
        values[key] = {kind.value: value}
    return values
