"""What people wrote about texts in answer to the project's questions, for generators that take it as critiques."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.pipeline.groups import StageGroup
from backend.values import ImportedCompletion, Prompt
from backend.values.questions import QuestionKind, QuestionOptions


def question_ids(db: Session, project_id: int, key: str, *, with_retired: bool = True) -> list[int]:
    """The free-text questions of that key; of no key all that are marked as critiques."""
    row = tables.Question
    query = select(row.id, row.key, row.options).where(row.project_id == project_id, row.kind == QuestionKind.text)
    query = query if with_retired else query.where(row.is_active)
    return [
        id_
        for id_, own, options in db.execute(query)
        if (own == key if key else QuestionOptions.model_validate(options).is_critique)
    ]


def with_critiques(
    db: Session, project_id: int, key: str, groups: Sequence[StageGroup], prompts: Sequence[Prompt]
) -> list[Prompt]:
    """The prompts of these groups, each with what people wrote of the text that it asks about: each text once."""
    ids = question_ids(db, project_id, key)
    row, question = tables.Answer, tables.Question
    query = select(row.sample_id, question.key, row.value).join(question, question.id == row.question_id)
    stands = query.where(row.question_id.in_(ids), row.is_standing).order_by(row.id)
    written: dict[int, dict[str, str]] = defaultdict(dict)
    for some in in_chunks(sorted({group.parent_id for group in groups if group.parent_id is not None})):
        for sample_id, own, value in db.execute(stands.where(row.sample_id.in_(some))):
            if text := str((value or {}).get("text", "")).strip():
                written[sample_id].setdefault(text, own)
    critiques = {
        sample_id: tuple(ImportedCompletion(text, {"question": own}) for text, own in texts.items())
        for sample_id, texts in written.items()
    }
    pairs = zip(groups, prompts, strict=True)
    return [replace(prompt, imported=critiques.get(group.parent_id or 0, ())) for group, prompt in pairs]
