"""Staged samples -> a round with prompts, samples, labels, judgments and decisions, in one or several transactions.

A sample whose external id the project has already is left out where it says the same, and refuses all where it does
not.
"""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.arriving import Arrival
from backend.db.many import in_chunks
from backend.db.numbered import Numbering
from backend.errors import Conflict
from backend.pipeline.sample_columns import SCORE_LIKE
from backend.services.decisions.verdicts import Effect, Vote, effect, is_override, verdict_of
from backend.services.imports.chunks import SHOWN
from backend.services.imports.deciders import ImportProvenance, decided
from backend.services.imports.reading import DIGEST_VERSION, ImportedSample
from backend.services.imports.row_values import (
    COLUMNS,
    GENERATOR,
    SEARCHED,
    Prepared,
    extra_of,
    of_judgments,
    spread_of,
)
from backend.services.imports.staging import StagedSamples
from backend.services.imports.statements import NAMES, RowDecision, at_cut, machine_label
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import moving
from backend.values import DecisionKind, LabelSource, SampleKind, Split, Verdict

IDS_AT_ONCE = 500
VIA = "import"
KIND = SampleKind.imported.value
UNJUDGED, JUDGED = LabelSource.none.value, LabelSource.judge.value


@dataclass
class SampleWriter:
    """Writes chunks of a staged file into a round. `people`: the ids of those who decided, None's for no name.

    `db`: of the transaction that begins the import. `project_id`: whose samples they are; the round and the prompt set
    may stand in a hidden project. `num_present`: samples that the project had already; `num_repeated`: those that the
    file has twice. `num_decided`: decisions by the id of their person.
    """

    db: InitVar[Session]
    project_id: int
    staged: StagedSamples
    round_id: int
    prompt_set_id: int
    people: dict[str | None, int]
    accept_at: float
    settings: ReviewSettings
    provenance: ImportProvenance
    num_prompts: int = 0
    num_present: int = 0
    num_repeated: int = 0
    num_samples: int = 0
    num_judgments: int = 0
    num_decisions: int = 0
    num_unparsed: int = 0
    num_tokens: int = 0
    place: int = 0
    decisions: list[tuple[Any, ...]] = field(default_factory=list)
    leases: list[tuple[Any, ...]] = field(default_factory=list)
    num_decided: Counter[int] = field(default_factory=Counter)

    def __post_init__(self, db: Session) -> None:
        # What is known of each group of the file: its id, its prompt's, and how many samples it has by now.
        self.group_ids = array("q", bytes(8 * self.staged.num_groups))
        self.prompt_ids = array("q", bytes(8 * self.staged.num_groups))
        self.sizes = array("q", bytes(8 * self.staged.num_groups))
        at = Arrival(db).stored(tables.Sample, "created_at", now())
        self.at, project, of_round = at, {"project_id": self.project_id}, {"round_id": self.round_id}
        of_train = {"split": Split.train.value}
        written = {"finish_reason": "stop", "seed": 0, "step": GENERATOR, "role": "policy"}
        unseen = {"is_truncated": False, "is_flagged": False, "updated_at": at, "kind": KIND, "step": GENERATOR}
        self.common: dict[type[Any], dict[str, Any]] = {
            tables.Prompt: {"created_at": at, "prompt_set_id": self.prompt_set_id},
            tables.Group: {"created_at": at} | of_round | of_train | {"step": 0},
            tables.Sample: {"created_at": at} | project | of_round | of_train | {"kind": KIND} | written,
            tables.Label: of_round | unseen,
            tables.Judgment: of_judgments(at, self.round_id),
            tables.Decision: {"created_at": at, "is_blind": False, "mode": "sample", "via": VIA} | project | of_round,
            tables.Lease: of_round | {"expires_at": at, "is_random": False},
            tables.ExternalId: project | {"digest_version": DIGEST_VERSION},
        }
        """What all rows of a table have."""
        known = tables.ExternalId
        here = select(known.sample_id).where(known.project_id == self.project_id).limit(1)
        self.is_first = db.scalar(here) is None
        self.held_out = self._held_out(db)

    def _held_out(self, db: Session) -> dict[int, str]:
        """The names of the project's held-out sets, by id."""
        row = tables.PromptSet
        query = select(row.id, row.name).where(row.project_id == self.project_id, row.split == Split.held_out)
        return dict(db.execute(query).tuples().all())

    def write(self, arrival: Arrival, chunk: Sequence[ImportedSample]) -> None:
        """Insert the new samples of the next chunk in the transaction of `arrival`; raises `Conflict`."""
        for entity, rows in self.prepare(arrival, chunk).items():
            arrival.put(entity, COLUMNS[entity], rows, self.common[entity], is_searched=entity in SEARCHED)

    def prepare(self, arrival: Arrival | Numbering, chunk: Sequence[ImportedSample]) -> Prepared:
        """The rows of the next chunk's new samples, with ids of `arrival`; writes nothing. Raises `Conflict`."""
        self.decisions, self.leases = [], []
        present = {} if self.is_first else self._present(arrival.db, [sample.external_id for sample in chunk])
        self._refuse_changed(chunk, present)
        start, self.place = self.place, self.place + len(chunk)
        new = [
            (self.staged.groups[n], sample)
            for n, sample in enumerate(chunk, start)
            if sample.external_id not in present and n not in self.staged.repeats
        ]
        present_here = sum(sample.external_id in present for sample in chunk)
        self.num_present += present_here
        self.num_repeated += len(chunk) - len(new) - present_here
        of_prompts = self._of_prompts(arrival, new)
        samples, labels, judgments, external_ids = [], [], [], []
        for sample_id, (group, imported_sample) in zip(arrival.ids(tables.Sample, len(new)), new, strict=True):
            text = imported_sample.text
            tokens = max(1, len(text) // 4)  # no tokenizer has read it
            position = self.sizes[group]
            self.sizes[group] = position + 1
            judged = at_cut(imported_sample.judgments, self.accept_at)
            score, verdict = machine_label(judged, self.accept_at)
            is_unparsed = bool(judged) and score is None and verdict is None
            self.num_unparsed += is_unparsed
            self.num_tokens += tokens
            is_scored = (":" in text or "=" in text) and SCORE_LIKE.search(text) is not None
            extra = extra_of(imported_sample, score, self.staged.shared.get(group))
            place = (sample_id, self.group_ids[group], self.prompt_ids[group], position)
            samples.append((*place, text, tokens, is_scored, extra))
            *standing, is_overridden = self._standing(sample_id, group, imported_sample, score, verdict)
            machine = (score, verdict and NAMES[verdict], spread_of(judged), is_unparsed)
            labels.append((sample_id, *standing, *machine, is_overridden, tokens))
            judgments += [(sample_id, *judgment) for judgment in judged]
            external_ids.append((sample_id, imported_sample.external_id, imported_sample.digest))
        self.num_samples += len(samples)
        self.num_judgments += len(judgments)
        return of_prompts | {
            tables.Sample: samples,
            tables.Label: labels,
            tables.Judgment: judgments,
            tables.ExternalId: external_ids,
            tables.Decision: self.decisions,
            tables.Lease: self.leases,
        }

    def _standing(
        self, sample_id: int, group: int, imported_sample: ImportedSample, score: float | None, verdict: Verdict | None
    ) -> tuple[float | None, str | None, str, bool]:
        """The label that stands: score, verdict, whose it is, whether a person overrode the judge. As plain texts:
        the driver takes twice as long for members of an enum."""
        if imported_sample.decisions:
            label = self._decide(sample_id, group, imported_sample, score, verdict)
            return label.score, label.verdict and NAMES[label.verdict], label.source.value, label.is_overridden
        source = UNJUDGED if score is None and verdict is None else JUDGED
        return score, verdict and NAMES[verdict], source, False

    def _present(self, db: Session, external_ids: Sequence[str]) -> dict[str, int | None]:
        """The digests of those that the project has already; None where another version of Rondo computed it."""
        known, sample = tables.ExternalId, tables.Sample
        digest = case((known.digest_version == DIGEST_VERSION, known.digest))
        query = select(known.external_id, digest).where(known.project_id == self.project_id)
        # Of this import's own, a row that comes twice is known already.
        query = query.join(sample, sample.id == known.sample_id).where(sample.round_id != self.round_id)
        present: dict[str, int | None] = {}
        for some in in_chunks(external_ids, IDS_AT_ONCE):
            present |= dict(db.execute(query.where(known.external_id.in_(some))).tuples().all())
        moving.refuse_ids(db, self.project_id, [*present])
        return present

    def _refuse_changed(self, chunk: Sequence[ImportedSample], present: dict[str, int | None]) -> None:
        if not present:
            return
        changed = [
            imported_sample
            for imported_sample in chunk
            if present.get(imported_sample.external_id) not in (None, imported_sample.digest)
        ]
        if not changed:
            return
        unit = self.staged.unit.capitalize()
        text = "; ".join(
            f"{unit} {imported_sample.row:,}, {imported_sample.external_id!r}" for imported_sample in changed[:SHOWN]
        )
        more = f" and {len(changed) - SHOWN:,} more of the rows around them" if len(changed) > SHOWN else ""
        raise Conflict(
            f"The project has samples of these external ids with other content, so nothing was imported. {text}{more}. "
            "Give what is another sample an id of its own, or leave these rows out."
        )

    def _of_prompts(self, arrival: Arrival | Numbering, new: Sequence[tuple[int, ImportedSample]]) -> Prepared:
        """The rows of prompts and groups that no sample before needed."""
        brought: dict[int, int] = {}
        for n, (group, _) in enumerate(new):
            if not self.group_ids[group]:
                brought.setdefault(group, n)
        firsts = [(group, new[n][1]) for group, n in brought.items()]
        self._refuse_held_out(arrival.db, [row for _, row in firsts])
        prompt_ids = arrival.ids(tables.Prompt, len(firsts))
        group_ids = arrival.ids(tables.Group, len(firsts))
        prompts, groups = [], []
        position = self.num_prompts
        for (group, imported_sample), prompt_id, group_id in zip(firsts, prompt_ids, group_ids, strict=True):
            self.group_ids[group], self.prompt_ids[group] = group_id, prompt_id
            messages, text, answer, metadata, *keys = imported_sample.prompt
            metadata, answer = self.staged.shared.get(group, (metadata, answer))
            prompts.append((prompt_id, position, messages, text, answer, metadata, *keys))
            groups.append((group_id, prompt_id, position))
            position += 1
        self.num_prompts = position
        return {tables.Prompt: prompts, tables.Group: groups}

    def _refuse_held_out(self, db: Session, samples: Sequence[ImportedSample]) -> None:
        """Raise `Conflict` where a sample answers what the project measures on."""
        if not self.held_out:
            return
        prompt = tables.Prompt
        for some in in_chunks(samples, IDS_AT_ONCE):
            keys = {imported_sample.prompt[4]: imported_sample for imported_sample in reversed(some)}
            query = select(prompt.text_key, prompt.prompt_set_id).where(
                prompt.prompt_set_id.in_(self.held_out), prompt.text_key.in_(list(keys))
            )
            if row := db.execute(query.limit(1)).first():
                key = keys[row.text_key]
                raise Conflict(
                    f"{self.staged.unit.capitalize()} {key.row:,} answers a prompt of the held-out set "
                    f"{self.held_out[row.prompt_set_id]!r}, on which nothing may be trained, so nothing was imported. "
                    "Leave out the rows that answer its prompts."
                )

    def refuse_meanwhile(self, db: Session) -> None:
        """Raise `Conflict` where a held-out set, as the project has it by now, asks what the samples answer."""
        held_out, prompt = self._held_out(db), tables.Prompt
        keys = select(prompt.text_key).where(prompt.prompt_set_id.in_(held_out))
        both = select(prompt.text).where(prompt.prompt_set_id == self.prompt_set_id, prompt.text_key.in_(keys))
        if held_out and (text := db.scalar(both.limit(1))) is not None:
            raise Conflict(
                f"Meanwhile the prompt {text[:60]!r}, which samples of the file answer, came into a held-out set, on "
                "which nothing may be trained, so nothing was imported. Leave out the rows that answer it."
            )

    def _decide(
        self, sample_id: int, group: int, imported_sample: ImportedSample, score: float | None, verdict: Verdict | None
    ) -> Effect:
        """Keep the decisions on a sample, and the places that they take in the review; return its label.

        Their time is the import's, as in the audit trail; when they were made in the other tool stands in `value`.
        """
        votes: list[Vote] = []
        people: dict[int, None] = {}
        decisions = tuple(map(RowDecision._make, imported_sample.decisions))
        for place, written in enumerate(decided(decisions, self.people, self.accept_at, verdict)):
            user_id, word, _ = written
            own = verdict_of(DecisionKind(word.kind), word.score, self.accept_at)
            if not word.is_late:
                votes.append(Vote(sample_id, user_id, own, word.score, is_adjudication=word.is_adjudication))
            if word.takes_slot:
                people[user_id] = None
            self.num_decided[user_id] += 1
            self.decisions.append(
                (
                    f"import-{self.round_id}-{sample_id}-{place}",
                    self.group_ids[group],
                    sample_id,
                    user_id,
                    word.kind,
                    word.score,
                    self.provenance.value(written),
                    word.note,
                    is_override(score, verdict, own, word.score),
                    word.is_adjudication,
                    word.is_late,
                )
            )
            self.num_decisions += 1
        for slot, user_id in enumerate(people):
            self.leases.append((sample_id, slot, user_id, self.at))
        for slot in range(len(people), self.settings.reviewers_of(sample_id)):
            self.leases.append((sample_id, slot, None, None))
        return effect(score, verdict, votes, by_vote=self.settings.has_overlap)
