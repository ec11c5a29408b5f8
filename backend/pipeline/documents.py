"""The documents of a round: what environments search, beside the prompts that are asked."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.judges import prompt_text
from backend.pipeline import groups as group_values
from backend.pipeline.stage import StageContext
from backend.values import SetUse

NO_DOCUMENTS = (
    "The environment searches documents, and there are none: they are the prompts without a known answer of the sets "
    "that the round uses as seed data. Import documents as prompts, and choose their set there."
)


def ready(stage: StageContext, generator: Generator) -> Generator:
    """The generator, given the round's documents if it reads any; raises `InvalidInput` where there are none."""
    if not generator.needs_documents:
        return generator
    with reading() as db:
        texts = texts_of(db, stage.set_ids(SetUse.mix), stage.project_id)
    if not texts:
        raise InvalidInput(NO_DOCUMENTS)
    return generator.with_documents(texts)


def texts_of(db: Session, set_ids: Sequence[int], project_id: int, limit: int | None = None) -> list[str]:
    """The texts of the documents in these sets, in order: prompts without a known answer that are no probes."""
    prompt = tables.Prompt
    query = select(prompt.messages).where(
        prompt.prompt_set_id.in_(set_ids), prompt.answer.is_(None), group_values.is_no_probe(project_id)
    )
    return [prompt_text(messages) for messages in db.scalars(query.order_by(prompt.id).limit(limit))]
