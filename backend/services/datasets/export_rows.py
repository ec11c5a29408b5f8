"""Reads a frozen dataset's rows for an export, with what is known of each side, and converts them to the wanted
type."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, String, bindparam, case, func, select, type_coerce
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.exporters import TrainingRow, assistant_turn
from backend.pipeline.rows import plain
from backend.values import DatasetType, Messages, Split, Verdict
from backend.values.episodes import begun

ROWS_AT_ONCE = 500
_decode = json.JSONDecoder().raw_decode
DERIVABLE = {
    DatasetType.prompt_completion: (DatasetType.prompt_completion,),
    DatasetType.preference: (DatasetType.preference, DatasetType.prompt_completion, DatasetType.unpaired_preference),
    DatasetType.unpaired_preference: (DatasetType.unpaired_preference, DatasetType.prompt_completion),
    DatasetType.prompt_only: (DatasetType.prompt_only,),
    DatasetType.language_modeling: (DatasetType.language_modeling,),
}


class RowSide(NamedTuple):
    """One completion of a row. Without a sample it is the prompt's own answer."""

    sample_id: int | None
    text: str
    is_truncated: bool
    score: float | None
    verdict: str | None
    source: str | None
    round_id: int | None
    kind: str | None = None


DECISION = "decision"
"""The origin of a row that teaches a judge."""
NO_SIDE = RowSide(None, "", False, None, None, None, None)


class ExportRow(NamedTuple):
    """One training row as it stands in the dataset, or as it was derived from one."""

    position: int
    prompt_id: int
    prompt_hash: str
    messages: Messages
    chosen: RowSide
    rejected: RowSide | None
    label: bool | None
    weight: float
    origin: str
    turns: Messages = []
    """Of an episode the turns from the policy's first one on."""
    external_id: str | None = None
    """By which the file knew the prompt that brought it."""


def training_row(row: ExportRow, type: DatasetType) -> TrainingRow:
    """The row as exporters of this type get it."""
    if type is DatasetType.language_modeling:
        return TrainingRow(row.messages, [], text=plain(row.messages, row.chosen.text))
    rejected = [assistant_turn((row.rejected or NO_SIDE).text)] if type is DatasetType.preference else []
    return TrainingRow(row.messages, row.turns or [assistant_turn(row.chosen.text)], rejected, row.label)


def rows(db: Session, dataset_id: int) -> Iterator[ExportRow]:
    """The dataset's rows by position, read in pages so that memory stays flat."""
    query, after = _page(dataset_id), -1
    while page := db.execute(query, {"after": after}).all():
        for (
            place,
            prompt_id,
            hash,
            messages,
            answer,
            label,
            weight,
            origin,
            good_id,
            good,
            good_end,
            good_score,
            good_verdict,
            good_source,
            good_round,
            good_kind,
            bad_id,
            bad,
            bad_end,
            bad_score,
            bad_verdict,
            bad_source,
            bad_round,
            bad_kind,
            turns,
            external_id,
        ) in page:
            chosen = (
                NO_SIDE._replace(text=answer or "")
                if good_id is None
                else RowSide(
                    good_id,
                    good or "",
                    good_end == "length",
                    good_score,
                    good_verdict,
                    good_source,
                    good_round,
                    good_kind,
                )
            )
            rejected = (
                None
                if bad is None
                else RowSide(bad_id, bad, bad_end == "length", bad_score, bad_verdict, bad_source, bad_round, bad_kind)
            )
            asked = _decode(messages)[0] if isinstance(messages, str) else messages
            if origin == DECISION:  # what a judge should say of that sample: the sample's own label is not this text's
                chosen = RowSide(good_id, good or "", False, None, None, None, good_round)
            is_good = None if label is None else bool(label)
            turns_ = [] if turns is None or rejected else _decode(turns)[0] if isinstance(turns, str) else turns
            asked, turns_ = begun(asked, turns_) if turns_ else (asked, [])
            row = ExportRow(place, prompt_id, hash, asked, chosen, rejected, is_good, weight, origin, turns_)
            yield row if external_id is None else row._replace(external_id=external_id)
        after = page[-1][0]


def _page(dataset_id: int) -> Select[Any]:
    """The next rows after a position, as plain columns: entities would take most of an export's time.

    As the driver gives them, too: SQLite has messages as text and a label as 0 or 1. To turn a page's columns by their
    types takes as long again as to read them.
    """
    example, prompt, samples, labels = (
        t.__table__ for t in (tables.Example, tables.Prompt, tables.Sample, tables.Label)
    )
    group = tables.Group.__table__
    # What was asked, where it is not the prompt itself and training got it, too.
    question = case((group.c.is_stripped.is_(False), group.c.messages))
    asked = func.coalesce(example.c.messages, question, prompt.c.messages)
    columns: list[Any] = [
        example.c.position,
        example.c.prompt_id,
        prompt.c.content_hash,
        type_coerce(asked, String),
        func.coalesce(example.c.completion, prompt.c.answer),
        type_coerce(example.c.label, Integer),
        example.c.weight,
        example.c.origin,
    ]
    source = example.join(prompt, prompt.c.id == example.c.prompt_id)
    for side in ("sample_id", "rejected_id"):
        sample, label = samples.alias(f"{side}_sample"), labels.alias(f"{side}_label")
        source = source.outerjoin(sample, sample.c.id == example.c[side])
        source = source.outerjoin(label, label.c.sample_id == sample.c.id)
        if side == "sample_id":
            turns = case((example.c.completion.is_(None), sample.c.turns))
            source = source.outerjoin(group, group.c.id == sample.c.group_id)
        columns += [
            example.c[side],
            func.coalesce(example.c["completion" if side == "sample_id" else "rejected"], sample.c.text),
            sample.c.finish_reason,
            label.c.score,
            type_coerce(label.c.verdict, String),
            type_coerce(label.c.source, String),
            sample.c.round_id,
            sample.c.kind,
        ]
    columns += [type_coerce(turns, String), prompt.c.external_id]
    where = (example.c.dataset_id == dataset_id, example.c.position > bindparam("after"))
    return select(*columns).select_from(source).where(*where).order_by(example.c.position).limit(ROWS_AT_ONCE)


def derive(
    rows: Iterable[ExportRow], stored: DatasetType, wanted: DatasetType, left_out: Counter[str]
) -> Iterator[ExportRow]:
    """Turn rows into the wanted type; what cannot be turned is counted by reason. Raises `InvalidInput`."""
    if wanted not in DERIVABLE[stored]:
        possible = " or ".join(DERIVABLE[stored])
        raise InvalidInput(
            f"A {stored} dataset cannot be exported as {wanted}: its rows do not say it. Choose {possible}."
        )
    if wanted is stored:
        yield from rows
    elif stored is DatasetType.preference:
        yield from _sides(rows, wanted, left_out)
    else:
        for row in rows:
            if row.label:
                yield row
            else:
                left_out["not labelled as good"] += 1


def _sides(rows: Iterable[ExportRow], wanted: DatasetType, left_out: Counter[str]) -> Iterator[ExportRow]:
    """Pairs as single completions: the chosen ones, or each side with the label its own verdict gives it.

    A pair only says which side is better. Both may be good and both may be bad, so the label never comes from the pair;
    but of a judge's replies to one question the one that says what people said is right and the other one is wrong.
    """
    seen: set[int] = set()
    for row in rows:
        if wanted is DatasetType.prompt_completion:
            yield _single(row, row.chosen, None)
            continue
        if row.origin == DECISION:
            yield _single(row, row.chosen, True)
            if row.rejected is not None:
                yield _single(row, row.rejected._replace(sample_id=row.chosen.sample_id), False)
            continue
        for side in (row.chosen, row.rejected):
            if side is None or side.verdict is None:
                left_out["no verdict of its own"] += 1
            elif side.sample_id in seen:
                left_out["a sample of an earlier pair"] += 1
            else:
                seen.add(side.sample_id or 0)
                yield _single(row, side, side.verdict == Verdict.accept)


def _single(row: ExportRow, side: RowSide, label: bool | None) -> ExportRow:
    return row._replace(chosen=side, rejected=None, label=label, turns=[])


@dataclass
class RowChecks:
    """What should be looked at before a file leaves, counted; the first positions are kept."""

    type: DatasetType
    held_out: frozenset[int]
    counts: Counter[str] = field(default_factory=Counter)
    positions: dict[str, list[int]] = field(default_factory=dict)

    def look(self, row: ExportRow) -> bool:
        """Note what is wrong with a row; return whether it is all right."""
        wrong = self._wrong(row)
        for name in wrong:
            self.counts[name] += 1
            shown = self.positions.setdefault(name, [])
            if len(shown) < 20:
                shown.append(row.position)
        return not wrong

    def _wrong(self, row: ExportRow) -> list[str]:
        chosen, rejected = row.chosen, row.rejected
        text, other = chosen.text.strip(), rejected.text.strip() if rejected else None
        asked = [m["content"].strip() for m in row.messages]
        # A plain text may stand in place of the prompt or of the completion; the other one is empty then.
        is_plain = self.type is DatasetType.language_modeling and not (asked and text)
        wrong = [] if is_plain or _are_in_turn(row.messages) else ["roles"]
        has_text = bool(text) or self.type is DatasetType.prompt_only or (is_plain and bool(asked))
        if not has_text or "" in asked:
            wrong.append("empty")
        if other == "":
            wrong.append("empty rejected side")
        if other == text:
            wrong.append("identical pair")
        if row.label is None and self.type is DatasetType.unpaired_preference:
            wrong.append("no label")
        if self.held_out and hash_key(row.prompt_hash) in self.held_out:
            wrong.append("held-out prompt")
        if chosen.is_truncated or (rejected and rejected.is_truncated):
            wrong.append("truncated")
        return wrong


def _are_in_turn(messages: Messages) -> bool:
    roles = [m["role"] for m in messages]
    if roles == ["user"]:
        return True
    if roles[:1] == ["system"]:
        del roles[0]
    return len(roles) % 2 == 1 and set(roles[::2]) == {"user"} and set(roles[1::2]) <= {"assistant"}


def hash_key(content_hash: str) -> int:
    """Eight bytes of a content hash: enough to tell a million prompts apart, in a quarter of the memory."""
    return int(content_hash[:16], 16)


def held_out_keys(db: Session, project_id: int) -> frozenset[int]:
    """The keys of all held-out prompts of the project."""
    sets = select(tables.PromptSet.id).where(
        tables.PromptSet.project_id == project_id, tables.PromptSet.split == Split.held_out
    )
    query = select(tables.Prompt.content_hash).where(tables.Prompt.prompt_set_id.in_(sets))
    return frozenset(map(hash_key, db.scalars(query.execution_options(yield_per=ROWS_AT_ONCE))))
