"""A step's samples as arrays, read column by column: what `_margins.candidates` makes of the groups as values, without
the values. At 100,000 samples those take seconds."""

from collections import defaultdict
from collections.abc import Container
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.many import in_chunks
from backend.db.standing import TOGETHER
from backend.pipeline import groups as group_values
from backend.pipeline.groups import StageGroup
from backend.pipeline.known import known_labels
from backend.pipeline.reviewers import ENOUGH
from backend.pipeline.select import GROUPS_AT_ONCE, labelled, offered
from backend.pipeline.stage import StageContext
from backend.selectors import shows_nothing
from backend.selectors._margins import STANDING, Candidates, Numbers, candidates, in_drawn_order
from backend.values import JSON, LabelSource, Sample, Split, Verdict

ROWS_AT_ONCE = 10_000
PROMPTS_AT_ONCE = 5_000


def load(db: Session, stage: StageContext, *, seed: int) -> Candidates:
    """Return the samples that the step's selector would see, with the labels that stand now."""
    rows = group_values.groups_for_step(db, stage)
    known = known_labels(db, stage.round.id)
    if any(row.parent_id is not None for row in rows):
        # What a question is about decides whether its answers are seen.
        batches = (labelled(stage, db, some, known) for some in in_chunks(rows, GROUPS_AT_ONCE))
        return candidates((group for batch in batches for group in offered(stage, batch)), seed=seed)
    return _of_columns(db, stage, rows, known, seed)


def _of_columns(
    db: Session, stage: StageContext, rows: list[StageGroup], known: dict[int, JSON], seed: int
) -> Candidates:
    places = {row.id: place for place, row in enumerate(rows)}
    lists = _read(db, stage, places, known)
    number = np.array(lists["group"], dtype=int)
    # Groups without a sample are none: the others are numbered in their order.
    seen = np.unique(number)
    columns = {
        "ids": np.array(lists["ids"], dtype=int),
        "group": np.searchsorted(seen, number),
        "standing": np.array(lists["standing"], dtype=np.int8),
        "score": np.array(lists["score"], dtype=float),
        "length": np.array(lists["length"], dtype=int),
        "text": np.array(lists["text"], dtype=int),
        "is_blank": np.array(lists["is_blank"], dtype=bool),
        "is_cut": np.array(lists["is_cut"], dtype=bool) & (np.array(lists["standing"], dtype=np.int8) != 1),
        "reviewers": _reviewers(db, stage.round.id, lists, known),
    }
    prompt_ids = [rows[place].prompt_id for place in seen.tolist()]
    notes = _notes(db, prompt_ids)
    return in_drawn_order(
        columns, np.array(prompt_ids, dtype=int), tuple(notes[prompt_id] for prompt_id in prompt_ids), seed=seed
    )


def _read(db: Session, stage: StageContext, places: dict[int, int], known: dict[int, JSON]) -> dict[str, list[Any]]:
    """The columns of the samples, one entry a sample, in any order; `rows` holds the ids of their groups."""
    columns: dict[str, list[Any]] = defaultdict(list)
    numbers: dict[bytes, int] = {}
    by_text: dict[int, set[Verdict]] = defaultdict(set)
    words: list[int] = []
    accepted, rejected = STANDING[Verdict.accept], STANDING[Verdict.reject]
    for id_, group_id, text, finish, turns, score, verdict, source in _samples(db, stage):
        place = places.get(group_id)
        if place is None:
            continue
        if (label := known.get(id_)) is not None:
            score, verdict, source = label["score"], label["verdict"], label["source"]
        stripped = text.strip()
        by_person = verdict if source is LabelSource.person else None
        number = numbers.setdefault(_digest(place, stripped), len(numbers))
        words.append(number)
        if turns:
            words[-1] = numbers.setdefault(_digest(place, _said(text, turns).strip()), len(numbers))
        if by_person is not None:
            by_text[words[-1]].add(by_person)
        columns["ids"].append(id_)
        columns["rows"].append(group_id)
        columns["group"].append(place)
        columns["standing"].append(0 if by_person is None else accepted if by_person is Verdict.accept else rejected)
        columns["score"].append(np.nan if score is None else score)
        columns["length"].append(len(stripped))
        columns["text"].append(number)
        columns["is_blank"].append(shows_nothing(text))
        columns["is_cut"].append(finish == "length")
    if by_text:
        for at, number in enumerate(words):
            # People's word on a text holds for its twins, unless they differ.
            if not columns["standing"][at] and len(verdicts := by_text.get(number, ())) == 1:
                columns["standing"][at] = STANDING[next(iter(verdicts))]
    return columns


def _digest(place: int, text: str) -> bytes:
    """What stands for a text of a group while all samples are read: the texts themselves would fill the memory."""
    return blake2b(b"%d " % place + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _samples(db: Session, stage: StageContext) -> Any:
    sample, group, label, place = tables.Sample, tables.Group, tables.Label, stage.place
    query = (
        select(
            sample.id,
            sample.group_id,
            sample.text,
            sample.finish_reason,
            sample.turns,
            label.score,
            label.verdict,
            label.source,
        )
        .join(group, group.id == sample.group_id)
        .outerjoin(label, label.sample_id == sample.id)
        .where(
            sample.round_id == stage.round.id,
            group.round_id == stage.round.id,
            group.split == Split.train,
            group.step == place.source,
            sample.step < place.index,
        )
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    if place.step.roles:
        query = query.where(sample.role.in_(place.step.roles))
    return db.connection().execute(query)


def _said(text: str, turns: list[Any]) -> str:
    return Sample(0, 0, text, "", 0, turns=tuple(turns)).full_text


def _reviewers(db: Session, round_id: int, columns: dict[str, list[Any]], known: Container[int]) -> Numbers:
    """How many people decided on each sample; a decision about a group is one on each of its samples."""
    of_samples, of_groups = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    row = tables.Decision
    query = standing.label_words(row.group_id, row.sample_id, row.user_id, row.kind).where(row.round_id == round_id)
    for group_id, sample_id, user_id, kind in db.execute(query):
        (of_groups[group_id] if kind in TOGETHER else of_samples[sample_id]).add(user_id)
    if not of_samples and not of_groups and not known:
        return np.zeros(len(columns["ids"]), dtype=int)
    none: set[int] = set()
    return np.array(
        [
            ENOUGH if id_ in known else len(of_samples.get(id_, none) | of_groups.get(group_id, none))
            for id_, group_id in zip(columns["ids"], columns["rows"], strict=True)
        ],
        dtype=int,
    )


def _notes(db: Session, prompt_ids: list[int]) -> dict[int, JSON]:
    """What files say of these prompts, by id."""
    prompt, metadata = tables.Prompt, dict[int, JSON]()
    for some in in_chunks(sorted(set(prompt_ids)), PROMPTS_AT_ONCE):
        metadata |= dict(
            db.connection().execute(select(prompt.id, prompt.extra).where(prompt.id.in_(some))).tuples().all()
        )
    return metadata
