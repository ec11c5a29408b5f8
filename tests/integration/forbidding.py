"""Prompts that an engine refuses, and rounds in which some of them are asked."""

from typing import Any

from sqlalchemy import select

from backend.db import reading, session, tables
from tests.integration.slots import POLICY, Loop

FILTERED = {"pattern": "^forbidden", "reply": "The prompt was filtered.", "fails": "filter"}
MUTE = {"pattern": "Judge: .*odd", "reply": "The prompt was filtered.", "fails": "filter"}
DOWN = {"pattern": "", "reply": "status 503 loading.", "fails": "server"}


def scripted(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return POLICY | {"rules": [*rules, *POLICY["rules"]]} | more  # type: ignore[misc]


def forbid(loop: Loop, *positions: int, text: str = "forbidden thing") -> list[int]:
    """Make the prompts at these positions ones that the policy's server filters; return their ids."""
    with session() as db:
        query = select(tables.Prompt).where(
            tables.Prompt.prompt_set_id == loop.prompts.id, tables.Prompt.position.in_(positions)
        )
        result = list(db.scalars(query.order_by(tables.Prompt.position)))
        for prompt in result:
            prompt.text = f"{text} {prompt.position}"
            prompt.messages = [{"role": "user", "content": prompt.text}]
    return [prompt.id for prompt in result]


def served_by(loop: Loop, engine: dict[str, Any]) -> None:
    with session() as db:
        db.get_one(tables.Checkpoint, loop.checkpoint.id).engine = engine


def order_of(round_id: int) -> list[int]:
    """The prompts' positions in their set, as the round takes them."""
    with reading() as db:
        query = select(tables.Prompt.position).join(tables.Group, tables.Group.prompt_id == tables.Prompt.id)
        return list(db.scalars(query.where(tables.Group.round_id == round_id).order_by(tables.Group.position)))


def rows_of(round_id: int) -> list[tuple[Any, ...]]:
    row = tables.LeftOut
    with reading() as db:
        query = select(row.stage, row.prompt_id, row.position, row.kind, row.attempts, row.resolved_at.is_not(None))
        return [tuple(record) for record in db.execute(query.where(row.round_id == round_id).order_by(row.item))]
