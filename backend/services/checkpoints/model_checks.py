"""The lines of a model's check on its checkpoint: at registration, before training, and whenever somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.engines import _probe
from backend.engines._model_check import CheckLevel, Line
from backend.engines._wrapper import in_words, innermost, is_wrapper
from backend.engines.openai import OpenAI
from backend.errors import InvalidInput, RondoError
from backend.pipeline import model_check
from backend.pipeline.bind import engine_json, lies_elsewhere
from backend.services import events
from backend.services.access import Actor, require_row
from backend.services.checkpoints import at_work
from backend.values import JSON, Role

NAMED = 3
"""So many prompts are named in a warning."""


@dataclass(frozen=True)
class Checks:
    """What a check found, and when. No lines: it was never checked."""

    at: str
    lines: tuple[Line, ...]

    @property
    def worst(self) -> CheckLevel:
        outcomes = {line.outcome for line in self.lines}
        return next(
            (outcome for outcome in (CheckLevel.fail, CheckLevel.warn) if outcome in outcomes), CheckLevel.passed
        )


def of(details: JSON) -> Checks:
    """The checks stored on a checkpoint."""
    stored = details.get("checks", {})
    lines = tuple(Line(line["name"], CheckLevel(line["outcome"]), line["text"]) for line in stored.get("lines", []))
    return Checks(str(stored.get("at", "")), lines)


def of_folder(location: str, base: str | None) -> list[Line]:
    """Check a model's folder; raises `InvalidInput` with what cannot be used."""
    lines = model_check.of_engine({"model": base or location, "adapter": location if base else None})
    if failed := [line.text for line in lines if line.outcome is CheckLevel.fail]:
        raise InvalidInput(f"The model {location} cannot be used. {' '.join(failed)}")
    return lines


def check(actor: Actor, checkpoint_id: int) -> Checks:
    """Check a checkpoint again and keep what was found. A model that cannot be used says so in its lines.

    While a round, a judge bench or a rewrite may still ask an endpoint, its lines are kept, and what would change its
    requests is not.
    """
    with reading() as db:
        row = find(db, actor, checkpoint_id)
    if lies_elsewhere(row.engine):
        raise InvalidInput(f"The files of {row.name} are not on this machine. A round that uses it checks them.")
    data = engine_json(row)
    probed = _probe.probe(endpoint_of(data)) if innermost(data).get("name") == "openai" else None
    lines = _about(data) + (list(probed.lines) if probed is not None else _lines_of(innermost(data)))
    with session() as db:
        row = find(db, actor, checkpoint_id)
        if probed is not None and not is_known(row.engine, probed.knobs):
            rows = at_work.family(db, row.id)
            if busy := at_work.busy(db, rows):
                message = f"{busy} and asks it as it was found before. What was found now is used after its next test."
                lines.append(Line("round", CheckLevel.warn, message))
            else:
                at_work.set_knobs(rows, probed.knobs)
        row.details = row.details | model_check.stored(lines)
        events.note(db, actor, "check checkpoint", row.name, project_id=row.project_id, checkpoint_id=row.id)
        return of(row.details)


def endpoint_of(engine: JSON) -> OpenAI:
    """The endpoint in an engine's JSON, whatever is around it."""
    return OpenAI.model_validate({k: v for k, v in innermost(engine).items() if k != "name"})


def is_known(engine: JSON, knobs: JSON) -> bool:
    """Whether the endpoint in an engine's JSON has these knobs already."""
    has = endpoint_of(engine).model_dump()
    return all(has[name] == value for name, value in knobs.items())


def _about(engine: JSON) -> list[Line]:
    if not is_wrapper(engine):
        return []
    message = f"It answers by {in_words(engine)}. What else is said here is said of what is inside."
    return [Line("engine", CheckLevel.passed, message)]


def _lines_of(data: JSON) -> list[Line]:
    if data.get("name") != "transformers":
        return [Line("files", CheckLevel.warn, f"The engine {data.get('name')} has no files to check.")]
    try:
        return model_check.of_engine(data)
    except RondoError as error:
        return [Line("model", CheckLevel.fail, error.message)]


def find(db: Session, actor: Actor, checkpoint_id: int) -> tables.Checkpoint:
    """The checkpoint, for a curator of its project; raises `NotFound`, `PermissionDenied`."""
    row = db.get(tables.Checkpoint, checkpoint_id)
    missing = f"There is no checkpoint {checkpoint_id}. Choose one from the list."
    return require_row(db, actor, row, Role.curator, missing)


def system_turns(db: Session, project_id: int, policy_id: int, set_ids: Sequence[int]) -> list[str]:
    """Warn where the policy's template refuses or drops the system turns of these prompt sets of the project."""
    policy = db.get(tables.Checkpoint, policy_id)
    line = next((line for line in of(policy.details if policy else {}).lines if line.name == "system"), None)
    if policy is None or line is None or line.outcome is not CheckLevel.warn:
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
