"""What a file says anew of samples that the project has already: scores and metadata, where nobody has decided."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.arriving import Arrival
from backend.db.listing_metadata import OWN
from backend.db.many import in_chunks
from backend.db.standing import DECIDING, TOGETHER
from backend.errors import Conflict
from backend.services.decisions.rules import cut_of_round
from backend.services.imports.chunks import SHOWN
from backend.services.imports.reading import DIGEST_VERSION, ImportedSample
from backend.services.imports.row_values import COLUMNS, of_judgments, spread_of
from backend.services.imports.staging import ANSWER, METADATA, StagedSamples
from backend.services.imports.statements import at_cut, machine_label
from backend.values import LabelSource, RoundStatus

CONTENT_HASH = 5
"""Its place in a sample's prompt."""


@dataclass
class _Known:
    """What the project has of a sample, held until the transaction ends."""

    external: tables.ExternalId
    sample: tables.Sample
    label: tables.Label
    prompt: tables.Prompt
    is_decided: bool


def update(db: Session, project_id: int, staged: StagedSamples) -> int:
    """Write the scores and metadata of samples that are there with other ones; return how many changed.

    A row without a column of scores leaves those of its sample as they are; rounds count anew what changes.
    Raises `Conflict`, naming rows, where the text or what was asked is another, where somebody has decided, where the
    row brings decisions, and where the sample's round is not in review any more; then nothing is changed.
    """
    arrival, rounds, place, num_updated = Arrival(db), dict[int, tables.Round](), 0, 0
    refused: list[str] = []
    num_refused, counts = 0, defaultdict[int, Counter[str]](Counter)
    for chunk in staged.chunks():
        first = [sample for n, sample in enumerate(chunk, place) if n not in staged.repeats]
        place += len(chunk)
        for some in in_chunks(first):
            changed = _changed(db, project_id, some, rounds)
            if not changed:
                continue
            known = _known(db, project_id, changed)
            for sample in changed:
                why = _why_not(sample, known[sample.external_id], rounds)
                num_refused += bool(why)
                if why and num_refused <= SHOWN:
                    refused.append(f"{staged.unit.capitalize()} {sample.row:,}, {sample.external_id!r}: {why}.")
            if not refused:
                _write(db, arrival, [(sample, known[sample.external_id]) for sample in changed], rounds, counts)
            num_updated += len(changed)
    if refused:
        more = f" And {num_refused - SHOWN:,} more." if num_refused > SHOWN else ""
        raise Conflict(
            f"Not all samples of these external ids can be updated, so nothing was. {' '.join(refused)}{more} "
            "Leave these rows out, or give what is another sample an id of its own."
        )
    for round_id, by_name in counts.items():
        row = rounds[round_id]
        row.counts = row.counts | {name: int(row.counts.get(name, 0)) + number for name, number in by_name.items()}
    return num_updated


def _changed(
    db: Session, project_id: int, some: Sequence[ImportedSample], rounds: dict[int, tables.Round]
) -> list[ImportedSample]:
    """Those of the samples that the project has with other content, read without their texts.

    Their rounds are held, and with them who would decide there: none leaves review before this transaction ends.
    """
    external, sample = tables.ExternalId, tables.Sample
    query = (
        select(external.external_id, external.digest, sample.round_id)
        .join(sample, sample.id == external.sample_id)
        .where(external.project_id == project_id, external.external_id.in_([row.external_id for row in some]))
        # What another version of Rondo noted says nothing: it is left as it is, as an import does.
        .where(external.digest_version == DIGEST_VERSION)
    )
    before = {external_id: (digest, round_id) for external_id, digest, round_id in db.execute(query).tuples()}
    changed = [row for row in some if row.external_id in before and before[row.external_id][0] != row.digest]
    new = {before[row.external_id][1] for row in changed} - set(rounds)
    if new:
        round_ = tables.Round
        # Not its key, as where a decision holds it.
        held = select(round_).where(round_.id.in_(new)).order_by(round_.id).with_for_update(key_share=True)
        rounds |= {row.id: row for row in db.scalars(held.execution_options(populate_existing=True))}
    return changed


def _known(db: Session, project_id: int, some: Sequence[ImportedSample]) -> dict[str, _Known]:
    """What the project has of the samples, by external id; their labels are held, as deciding holds them."""
    external, sample, label, prompt = tables.ExternalId, tables.Sample, tables.Label, tables.Prompt
    query = (
        select(external, sample, label, prompt)
        .join(sample, sample.id == external.sample_id)
        .join(label, label.sample_id == sample.id)
        .join(prompt, prompt.id == sample.prompt_id)
        .where(external.project_id == project_id)
        .where(external.external_id.in_([imported.external_id for imported in some]))
        .order_by(label.sample_id)
        .with_for_update(of=label)
    )
    rows = db.execute(query).all()
    ids, groups = [row[1].id for row in rows], [row[1].group_id for row in rows]
    decision = tables.Decision
    is_of = or_(decision.sample_id.in_(ids), (decision.group_id.in_(groups)) & decision.kind.in_(TOGETHER))
    words = standing.everything(decision.sample_id, decision.group_id, decision.kind, kinds=DECIDING)
    decided = db.execute(words.where(is_of)).all()
    alone = {sample_id for sample_id, _, _ in decided}
    together = {group_id for _, group_id, kind in decided if kind in TOGETHER}
    return {
        row[0].external_id: _Known(*row, is_decided=row[1].id in alone or row[1].group_id in together) for row in rows
    }


def _why_not(sample: ImportedSample, known: _Known, rounds: dict[int, tables.Round]) -> str:
    """Why the sample may not be changed; empty where it may."""
    round_ = rounds[known.sample.round_id]
    if known.is_decided:
        return "a person has decided on it, so it stays as it is"
    if sample.decisions:
        return "the row brings decisions, and an update takes none"
    if round_.status is not RoundStatus.review:
        return f"round {round_.number} is not in review any more, so its labels stay"
    if known.sample.text != sample.text:
        return "its text is another one"
    if known.prompt.content_hash != sample.prompt[CONTENT_HASH]:
        return "it answers another prompt"
    if sample.prompt[ANSWER] not in (None, known.prompt.answer):
        return "its prompt has another answer"
    return ""


def _write(
    db: Session,
    arrival: Arrival,
    changed: Sequence[tuple[ImportedSample, _Known]],
    rounds: dict[int, tables.Round],
    counts: dict[int, Counter[str]],
) -> None:
    """Write what the rows say; `counts` is told what becomes of the judgments of each round."""
    judgment, at = tables.Judgment, now()
    judgments: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    by_round: dict[int, list[int]] = defaultdict(list)
    for sample, known in changed:
        round_id = known.sample.round_id
        if sample.has_judgments:
            by_round[round_id].append(known.sample.id)
            judged = at_cut(sample.judgments, cut := cut_of_round(rounds[round_id]))
            judgments[round_id] += [(known.sample.id, *row) for row in judged]
            counts[round_id]["unparsed"] -= known.label.is_unparsed
            _judge(known, judged, cut, at)
            counts[round_id]["unparsed"] += known.label.is_unparsed
        own = _own_metadata(sample, known)
        extra = {name: value for name, value in known.sample.extra.items() if name != OWN}
        known.sample.extra = extra | ({OWN: own} if own else {})
        known.external.digest = sample.digest
    for round_id, ids in by_round.items():
        is_of = (judgment.round_id == round_id, judgment.sample_id.in_(ids))
        num_before = db.scalar(select(func.count()).select_from(judgment).where(*is_of)) or 0
        counts[round_id]["judgments"] += len(judgments[round_id]) - num_before
        db.execute(delete(judgment).where(*is_of))
    db.flush()
    stored = arrival.stored(judgment, "created_at", at)
    for round_id, rows in judgments.items():
        arrival.put(judgment, COLUMNS[judgment], rows, of_judgments(stored, round_id))


def _judge(known: _Known, judged: Sequence[tuple[Any, ...]], cut: float, at: datetime) -> None:
    """Label the sample by these judgments."""
    label, (score, verdict) = known.label, machine_label(judged, cut)
    label.score = label.machine_score = score
    label.verdict = label.machine_verdict = verdict
    label.machine_spread = spread_of(judged) if judged else None
    label.is_unparsed = bool(judged) and score is None and verdict is None
    label.source = LabelSource.none if score is None and verdict is None else LabelSource.judge
    label.updated_at = at
    extra = {name: value for name, value in known.sample.extra.items() if name != "score"}
    known.sample.extra = extra | ({} if score is None else {"score": score})


def _own_metadata(sample: ImportedSample, known: _Known) -> dict[str, Any]:
    """The metadata of the row that the prompt, which others answer too, does not have; columns left out stay."""
    before = known.sample.extra.get(OWN)
    given = json.loads(sample.prompt[METADATA])
    of_prompt = known.prompt.extra
    merged = (before if isinstance(before, dict) else {}) | given
    return {name: value for name, value in merged.items() if name not in of_prompt or of_prompt[name] != value}
