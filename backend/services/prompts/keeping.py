"""One prompt put into a set by hand, such as what somebody asked in a chat."""

import json
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import session, tables
from backend.errors import Conflict, InvalidInput
from backend.pipeline import preview_rows
from backend.services import events, unfinished
from backend.services.access import Actor, require
from backend.services.prompts import mapping as prompt_mapping
from backend.services.prompts.messages import BadRow
from backend.services.prompts.rows import ParsedPrompt, parse
from backend.values import JSON, Messages, Role, Split

ORIGIN = "kept by hand"


@dataclass(frozen=True)
class KeptPrompt:
    """Where the prompt is now."""

    prompt_id: int
    prompt_set_id: int
    prompt_set: str
    num_prompts: int


def keep(actor: Actor, project_id: int, set_name: str, messages: Messages, *, answer: str = "") -> KeptPrompt:
    """Put a prompt at the end of the set of this name, or of a new train set; it takes a curator.

    `messages` end with the user's. Raises `InvalidInput` for messages that are no prompt, and `Conflict` where a round
    uses the set, whose prompts stay as they are, where the set has the prompt already, and where a set of the other
    split asks the same.
    """
    set_name = boundary.name(set_name, "A prompt set's name", 100)
    prompt = _parsed(messages, answer)
    with session() as db:
        require(db, actor, project_id, Role.curator)
        # Other prompts wait, and an import's end, so that each sees what was there before.
        db.get(tables.Project, project_id, with_for_update={"key_share": True})
        row = tables.PromptSet
        prompt_set = db.scalar(select(row).where(row.project_id == project_id, row.name == set_name))
        if prompt_set is None:
            prompt_set = row(project_id=project_id, name=set_name, split=Split.train, origin=ORIGIN, num_prompts=0)
            prompt_set.created_by = actor.user_id
            db.add(prompt_set)
            db.flush()
        _refuse(db, project_id, prompt_set, prompt)
        place = db.scalar(select(func.max(tables.Prompt.position)).where(tables.Prompt.prompt_set_id == prompt_set.id))
        kept = tables.Prompt(
            prompt_set_id=prompt_set.id,
            position=0 if place is None else place + 1,
            messages=json.loads(prompt.messages),
            text=prompt.text,
            answer=prompt.answer,
            extra={},
            content_hash=prompt.digest.hex(),
            text_key=prompt.key,
        )
        db.add(kept)
        prompt_set.num_prompts += 1
        db.flush()
        events.note(db, actor, "keep prompt", set_name, project_id=project_id, prompt_set_id=prompt_set.id)
        return KeptPrompt(kept.id, prompt_set.id, set_name, prompt_set.num_prompts)


def _parsed(messages: Messages, answer: str) -> ParsedPrompt:
    if not messages or messages[-1].get("role") != "user":
        raise InvalidInput("A prompt ends with what the user says. Ask something first.")
    row: JSON = {"messages": list(messages)} | ({"answer": answer} if answer.strip() else {})
    roles = prompt_mapping.Mapping(messages="messages", answer="answer" if answer.strip() else None)
    try:
        return parse(row, roles)
    except BadRow as error:
        raise InvalidInput(f"This cannot be a prompt: {error}. Change the messages.") from error


def why_fixed(db: Session, prompt_set: tables.PromptSet) -> str:
    """Why the prompts of a set stay as they are, to follow "The prompts of"; empty where they may change.

    Previews that are over are cleared away.
    """
    used, round_, group, row = tables.RoundPromptSet, tables.Round, tables.Group, tables.Prompt
    preview_rows.clear_ended(db, prompt_set.project_id, preview_rows.using_set(db, prompt_set.id))
    held_by = preview_rows.using_set(db, prompt_set.id)
    project = tables.Project
    of_set = select(round_.number).join(used, used.round_id == round_.id).where(used.prompt_set_id == prompt_set.id)
    # A preview's round stands in another project.
    of_set = of_set.join(project, project.id == round_.project_id).where(project.preview_id.is_(None))
    number = db.scalar(of_set.order_by(round_.number).limit(1))
    if number is not None:
        why = f"round {number} uses it"
    elif prompt_set.round_id is not None:
        why = "a round made it"
    elif held_by:
        why = f"preview {held_by[0]} uses it, whose job has not ended"
    else:
        asked = select(group.id).join(row, row.id == group.prompt_id).where(row.prompt_set_id == prompt_set.id)
        if db.scalar(asked.limit(1)) is None:
            return ""
        why = "samples stand on it"
    return f"{prompt_set.name!r} stay as they are, because {why}."


def _refuse(db: Session, project_id: int, prompt_set: tables.PromptSet, prompt: ParsedPrompt) -> None:
    row, other = tables.Prompt, tables.PromptSet
    if why := why_fixed(db, prompt_set):
        raise Conflict(f"The prompts of {why} Name a new set.")
    same = select(row.id).where(row.prompt_set_id == prompt_set.id, row.content_hash == prompt.digest.hex())
    if db.scalar(same.limit(1)) is not None:
        raise Conflict(f"{prompt_set.name!r} has this prompt already. Ask something else, or name another set.")
    sets = select(other.name).join(row, row.prompt_set_id == other.id).where(row.text_key == prompt.key)
    # An import that is under way has compared its prompts with what the sets had.
    here = other.project_id.in_([project_id, *unfinished.hidden_of(db, project_id)])
    there = db.scalar(sets.where(here, other.split != prompt_set.split).limit(1))
    if there is not None:
        raise Conflict(
            f"The set {there!r}, on the other side of the split, asks the same, and what is measured on is never "
            "trained on. Keep it in that set, or ask something else."
        )
