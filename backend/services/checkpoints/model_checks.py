"""The lines of a model's check on its checkpoint: at registration, before training, and whenever somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.engines._model_check import Line, Outcome
from backend.engines._wrapper import in_words, innermost, is_wrapper
from backend.engines.openai import OpenAI
from backend.errors import InvalidInput, NotFound, RondoError
from backend.pipeline import model_check
from backend.pipeline.bind import engine_json
from backend.services import events
from backend.services.access import Actor, require
from backend.values import JSON, Messages, Role, Sampling

TEST_SECONDS = 10.0
HELLO = "Answer with one word: hello."
GREETING: Messages = [{"role": "user", "content": HELLO}]
READS = "prompt_logprobs"
NAMED = 3
"""So many prompts are named in a warning."""


@dataclass(frozen=True)
class Checks:
    """What a check found, and when. No lines: it was never checked."""

    at: str
    lines: tuple[Line, ...]

    @property
    def worst(self) -> Outcome:
        outcomes = {line.outcome for line in self.lines}
        return next((one for one in (Outcome.fail, Outcome.warn) if one in outcomes), Outcome.passed)


def of(details: JSON) -> Checks:
    """The checks stored on a checkpoint."""
    stored = details.get("checks", {})
    lines = tuple(Line(one["name"], Outcome(one["outcome"]), one["text"]) for one in stored.get("lines", []))
    return Checks(str(stored.get("at", "")), lines)


def of_folder(location: str, base: str | None) -> list[Line]:
    """Check a model's folder; raises `InvalidInput` with what cannot be used."""
    lines = model_check.of_engine({"model": base or location, "adapter": location if base else None})
    if failed := [line.text for line in lines if line.outcome is Outcome.fail]:
        raise InvalidInput(f"The model {location} cannot be used. {' '.join(failed)}")
    return lines


def of_endpoint(engine: OpenAI) -> list[Line]:
    """Send one short request, in bounded time, and to a server that gives log-probabilities one more; what comes of it
    is a line and never an error."""
    asked = OpenAI(**engine.model_dump() | {"timeout": TEST_SECONDS, "max_retries": 0, "concurrency": 1})
    try:
        with asked as opened:
            ((completion,),) = opened.complete([GREETING], Sampling(max_tokens=16, seed=1))
            notes = opened.notes()
    except RondoError as error:
        return [Line("connection", Outcome.warn, f"It did not answer: {error.message}")]
    if completion.failure is not None:
        return [Line("connection", Outcome.warn, f"It did not answer: {completion.failure.reason}")]
    lines = [Line("connection", Outcome.passed, f"It answered: {completion.text[:80]!r}")]
    if completion.reasoning:
        said = "It gives reasoning apart from the text: that is kept, and neither judged nor trained on."
        lines.append(Line("reasoning", Outcome.passed, said))
    if completion.logprob is None:
        lines.append(Line("logprobs", Outcome.warn, "It gives no log-probabilities."))
    elif _can_read(asked):
        lines.append(Line(READS, Outcome.passed, "It gives the log-probabilities of texts that it did not write."))
    return [*lines, *(Line("refuses", Outcome.warn, note) for note in notes)]


def reads(lines: Sequence[Line]) -> bool:
    """Whether an endpoint was found to read texts."""
    return any(line.name == READS for line in lines)


def _can_read(engine: OpenAI) -> bool:
    """Ask an endpoint that answers to read a word, which vLLM can."""
    try:
        with engine.model_copy(update={"prompt_logprobs": True}) as opened:
            (reading,) = opened.read([GREETING], ["hello"])
    except RondoError:
        return False
    return reading.failure is None and bool(reading.logprobs)


def check(actor: Actor, checkpoint_id: int) -> Checks:
    """Check a checkpoint again and keep what was found. A model that cannot be used says so in its lines."""
    with reading() as db:
        row = _find(db, actor, checkpoint_id)
    lines = _lines(row)
    with session() as db:
        row = _find(db, actor, checkpoint_id)
        row.details = row.details | model_check.stored(lines)
        if row.engine.get("name") == "openai" and lines[0].outcome is Outcome.passed:
            row.engine = row.engine | {READS: reads(lines)}
        events.note(db, actor, "check checkpoint", row.name, project_id=row.project_id, checkpoint_id=row.id)
        return of(row.details)


def _lines(row: tables.Checkpoint) -> list[Line]:
    if is_wrapper(row.engine):
        said = f"It answers by {in_words(row.engine)}. What else is said here is said of what is inside."
        return [Line("engine", Outcome.passed, said), *_lines_of(innermost(engine_json(row)))]
    return _lines_of(engine_json(row))


def _lines_of(data: JSON) -> list[Line]:
    if data.get("name") == "openai":
        return of_endpoint(OpenAI.model_validate({k: v for k, v in data.items() if k != "name"}))
    if data.get("name") != "transformers":
        return [Line("files", Outcome.warn, f"The engine {data.get('name')} has no files to check.")]
    try:
        return model_check.of_engine(data)
    except RondoError as error:
        return [Line("model", Outcome.fail, error.message)]


def _find(db: Session, actor: Actor, checkpoint_id: int) -> tables.Checkpoint:
    row = db.get(tables.Checkpoint, checkpoint_id)
    missing = f"There is no checkpoint {checkpoint_id}. Choose one from the list."
    if row is None:
        raise NotFound(missing)
    try:
        require(db, actor, row.project_id, Role.curator)
    except NotFound as error:
        raise NotFound(missing) from error
    return row


def system_turns(db: Session, project_id: int, policy_id: int, set_ids: Sequence[int]) -> list[str]:
    """Warn where the policy's template refuses or drops the system turns of these prompt sets of the project."""
    policy = db.get(tables.Checkpoint, policy_id)
    line = next((one for one in of(policy.details if policy else {}).lines if one.name == "system"), None)
    if policy is None or line is None or line.outcome is not Outcome.warn:
        return []
    prompt, prompt_set = tables.Prompt, tables.PromptSet
    here = select(prompt_set.id).where(prompt_set.project_id == project_id, prompt_set.id.in_(set_ids))
    has_one = (prompt.prompt_set_id.in_(here), prompt.messages[0]["role"].as_string() == "system")
    number = db.scalar(select(func.count()).where(*has_one)) or 0
    if not number:
        return []
    some = db.scalars(select(prompt.text).where(*has_one).order_by(prompt.id).limit(NAMED))
    named = ", ".join(repr(text[:40]) for text in some) + (", ..." if number > NAMED else "")
    many = "1 prompt has a system turn" if number == 1 else f"{number:,} prompts have a system turn"
    left = "it is left out" if number == 1 else "they are left out"
    what = f"refuses: {left}" if "refused" in line.text else "drops unsaid: the model never sees it"
    return [f"{many}, which the chat template of {policy.name} {what} ({named})."]
