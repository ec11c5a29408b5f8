"""A sample as lists show it: its label, and the beginnings of its text and of its prompt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import Filters
from backend.db.search import Patience
from backend.services.samples.found import LOOKED_AT, SECONDS, ShownSearch, TextPiece
from backend.values import JSON, LabelSource, Verdict

PREVIEW = 200


@dataclass(frozen=True)
class SampleRow:
    """A sample in a list. `text` and `prompt` are cut after `PREVIEW` characters.

    `step` made it: its place among the recipe's steps, from 0. `role` wrote it.
    `metadata` is the prompt's; empty where the judge's view is hidden. `is_correct`: by its known answer (see
    `correctness`); None where that is not known. `is_hidden`: what was said of the sample is withheld until the review
    is over or the person has decided. `answers`: what people answered to the project's questions, as far as one may see
    it, by the questions' keys: the mean of ratings, else how often each label was chosen, or the texts.
    `similarity`: to the sample that the filter `similar` names, the cosine of their vectors. `cluster`: its number.
    `near_duplicate_of`: the first sample of those that it is nearly the same as, which may be itself.
    `tags`: what people put to it, in small letters; while something is hidden, one's own.
    """

    id: int
    score: float | None
    verdict: Verdict | None
    source: LabelSource
    spread: float | None
    is_overridden: bool
    is_unparsed: bool
    is_flagged: bool
    kind: str
    finish_reason: str
    num_tokens: int
    prompt: str
    text: str
    step: int
    role: str
    metadata: JSON = field(default_factory=dict)
    is_correct: bool | None = None
    is_hidden: bool = False
    excerpt: tuple[TextPiece, ...] = ()
    prompt_excerpt: tuple[TextPiece, ...] = ()
    answers: JSON = field(default_factory=dict)
    near_duplicate_of: int | None = None
    similarity: float | None = None
    cluster: int | None = None
    tags: tuple[str, ...] = ()


def read_rows(db: Session, ids: tuple[int, ...]) -> list[SampleRow]:
    """The rows for these ids, in their order."""
    label, sample, prompt = tables.Label, tables.Sample, tables.Prompt
    query = (
        select(
            label.sample_id,
            label.score,
            label.verdict,
            label.source,
            label.machine_spread,
            label.is_overridden,
            label.is_unparsed,
            label.is_flagged,
            label.kind,
            sample.finish_reason,
            label.num_tokens,
            func.substr(prompt.text, 1, PREVIEW),
            func.substr(sample.text, 1, PREVIEW),
            sample.step,
            sample.role,
            prompt.extra,
            sample.extra["metadata"],
        )
        .join(sample, sample.id == label.sample_id)
        .join(prompt, prompt.id == sample.prompt_id)
        .where(label.sample_id.in_(ids))
    )
    rows: Iterable[Any] = db.execute(query) if ids else ()
    by_id = {row[0]: replace(SampleRow(*row[:-2]), metadata=_metadata(row)) for row in rows}
    return [by_id[sample_id] for sample_id in ids]


def _metadata(row: Any) -> JSON:
    """The prompt's metadata, and what an import keeps with the sample because others of the prompt say otherwise."""
    of_prompt, of_sample = row[-2:]
    return of_prompt | of_sample if isinstance(of_sample, dict) else of_prompt


def with_excerpts(db: Session, rows: Sequence[SampleRow], filters: Filters) -> list[SampleRow]:
    """The rows with what the searches of the filters found in them."""
    patience = Patience(SECONDS)
    text, prompt = (ShownSearch.of(search, patience) for search in (filters.text, filters.prompt))
    if not rows or not (text or prompt):
        return list(rows)
    sample, asked = tables.Sample, tables.Prompt
    # A text that nobody searched is not read again.
    columns = [
        func.substr(column.text, 1, LOOKED_AT if sought else 0) for column, sought in ((sample, text), (asked, prompt))
    ]
    query = select(sample.id, *columns).join(asked, asked.id == sample.prompt_id)
    text_pieces = {
        id_: (text.excerpt(written) if text else (), prompt.excerpt(question) if prompt else ())
        for id_, written, question in db.execute(query.where(sample.id.in_([row.id for row in rows])))
    }
    return [replace(row, excerpt=text_pieces[row.id][0], prompt_excerpt=text_pieces[row.id][1]) for row in rows]
