"""Prompts that come again by their external ids: what is there stays, what changed is written anew.

In two passes over the staged rows: two prompts of a set may have changed places, and no text is in a set twice.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.services.prompts.staging import StagedPrompt, StagedRow
from backend.services.prompts.writer import Writer, insert_completions, opposite, sets_of
from backend.values import Split

CHANGED = "changed "
"""What a prompt's hash begins with between the two passes, before its id."""
IDS_AT_ONCE = 500


class _There(NamedTuple):
    """A prompt that a set has."""

    id: int
    set_id: int
    external_id: str
    content_hash: str


@dataclass
class KnownIds:
    """The prompts that sets have already, which `writer` adds to.

    `fixed`: why these may not change, if they may not. `has_completions`: whether rows bring some.
    `beside`: sets of the other split that the import does not write to, though the file's prompts may be there.
    """

    db: Session
    writer: Writer
    sets: dict[Split, tables.PromptSet]
    fixed: str = ""
    has_completions: bool = False
    beside: Sequence[tables.PromptSet] = ()
    num_marked: int = 0
    num_unchanged: int = 0
    num_updated: int = 0
    num_completions: int = 0
    num_completions_left: int = 0
    """Those of the file that an unchanged prompt does not have, and does not get."""
    _handled: dict[bytes, tuple[int | None, int]] = field(default_factory=dict)
    """Digests of the rows that do not go on, the set whose prompt takes their completions, if one does, and which."""

    def __post_init__(self) -> None:
        self._names = {row.id: row.name for row in self.sets.values()}
        self._splits = {row.id: split for split, row in self.sets.items()}

    def mark(self, chunks: Iterable[Sequence[StagedRow]]) -> None:
        """The first pass: mark what changed.

        Raises `Conflict` where nothing may, and for an id that two sets have, or one that is not written to.
        """
        prompt, names = tables.Prompt, self._names | {row.id: row.name for row in self.beside}
        for chunk in chunks:
            staged = map(StagedPrompt._make, chunk)
            members = {m.external_id: m for m in staged if m.external_id is not None}
            columns = (
                prompt.external_id,
                prompt.prompt_set_id,
                prompt.id,
                prompt.messages,
                prompt.answer,
                prompt.extra,
            )
            for some in in_chunks(list(members), IDS_AT_ONCE):
                query = select(*columns).where(prompt.prompt_set_id.in_(names), prompt.external_id.in_(some))
                rows = self.db.execute(query.order_by(prompt.prompt_set_id)).tuples().all()
                self._refuse_elsewhere(members, [row[:2] for row in rows])
                for external_id, set_id, id_, *before in rows:
                    member = members[external_id]
                    if set_id in self._names and before != [
                        json.loads(member.messages or "[]"),
                        member.answer,
                        json.loads(member.extra),
                    ]:
                        self._refuse(member, "has changed")
                        changed = update(prompt).where(prompt.id == id_)
                        self.db.execute(changed.values(content_hash=f"{CHANGED}{id_}"))
                        self.num_marked += 1

    def end(self) -> None:
        """Raise `RuntimeError` where a prompt that was marked was not written."""
        if self.num_marked != self.num_updated:
            raise RuntimeError(f"{self.num_marked} prompts were marked as changed, {self.num_updated} were written")

    def new(self, rows: Sequence[StagedRow]) -> list[StagedRow]:
        """The second pass: write what changed, and return what the sets do not have yet.

        Raises `Conflict` where a prompt is now what another one of its set asks, or one on the other side of the split.
        """
        chunk = [*map(StagedPrompt._make, rows)]
        ids = [m.external_id for m in chunk if m.external_id is not None]
        there = {row.external_id: row for row in self._rows(tables.Prompt.external_id, ids)}
        asked = {
            row.content_hash: row for row in self._rows(tables.Prompt.content_hash, [m.digest.hex() for m in chunk])
        }
        changed: list[tuple[StagedPrompt, _There]] = []
        fresh: list[StagedRow] = []
        notes: dict[int, list[tuple[Any, ...]]] = {row.id: [] for row in self.sets.values()}
        left: dict[int, set[str]] = defaultdict(set)
        for member in chunk:
            if member.messages is None:
                set_id, prompt_id = self._handled.get(member.digest, (None, None))
                if prompt_id is None:
                    fresh.append(member)
                elif set_id is None:
                    left[prompt_id].update(text for _, text, _ in member.completions)
                else:
                    notes[set_id] += [(member.digest.hex(), *completion) for completion in member.completions]
                continue
            known, same = there.get(member.external_id or ""), asked.get(member.digest.hex())
            if known is None:
                if same is None:
                    self._refuse(member, "is new")
                    fresh.append(member)
                else:
                    self._leave_out(member, same)
                    left[same.id].update(text for _, text, _ in member.completions)
            elif known.content_hash.startswith(CHANGED):
                if same is not None:
                    raise Conflict(self._clash(member, f"{self._names[same.set_id]!r} asks as {same.external_id!r}"))
                changed.append((member, known))
                notes[known.set_id] += [(member.digest.hex(), *completion) for completion in member.completions]
                self._handle(member, known.set_id, known.id)
            else:
                self.num_unchanged += 1
                self._handle(member, None, known.id)
                left[known.id].update(text for _, text, _ in member.completions)
        self._refuse_overlaps(changed)
        self._write(changed)
        self._count_left({prompt_id: texts for prompt_id, texts in left.items() if texts})
        for set_id, rows in notes.items():
            if rows:
                insert_completions(self.db.connection(), set_id, self.writer.created_at, rows)
                self.num_completions += len(rows)
        return fresh

    def _rows(self, column: Any, values: Sequence[str]) -> list[_There]:
        prompt, rows = tables.Prompt, list[_There]()
        query = select(prompt.id, prompt.prompt_set_id, prompt.external_id, prompt.content_hash)
        for some in in_chunks(values, IDS_AT_ONCE):
            these = query.where(prompt.prompt_set_id.in_(self._names), column.in_(some))
            rows += [_There(id_, set_id, name or "", hash_) for id_, set_id, name, hash_ in self.db.execute(these)]
        return rows

    def _handle(self, member: StagedPrompt, set_id: int | None, prompt_id: int) -> None:
        if self.has_completions:  # else no row names a prompt before it
            self._handled[member.digest] = set_id, prompt_id

    def _count_left(self, left: dict[int, set[str]]) -> None:
        completion = tables.ImportedCompletion
        for some in in_chunks(list(left), IDS_AT_ONCE):
            query = select(completion.prompt_id, completion.text).where(completion.prompt_id.in_(some))
            for prompt_id, text in self.db.execute(query).tuples():
                left[prompt_id].discard(text)
        self.num_completions_left += sum(map(len, left.values()))

    def _leave_out(self, member: StagedPrompt, same: _There) -> None:
        which = f"its external id there is {same.external_id!r}" if same.external_id else "it has no external id there"
        self.writer.problems.add(
            member.number, "duplicate", f"{self._names[same.set_id]!r} has this prompt, and {which}"
        )
        self._handle(member, None, same.id)

    def _refuse(self, member: StagedPrompt, what: str) -> None:
        if self.fixed:
            raise Conflict(
                f"{self._row(member)}, {member.external_id!r}, {what}, but the prompts of {self.fixed} "
                "Nothing was imported. Import the file as a set of another name."
            )

    def _refuse_elsewhere(self, members: Mapping[str, StagedPrompt], rows: Sequence[tuple[str | None, int]]) -> None:
        """A prompt on the other side of the split is never imported anew on this one, whatever its text is by now."""
        by_id: dict[str, set[int]] = defaultdict(set)
        for external_id, set_id in rows:
            by_id[external_id or ""].add(set_id)
        beside = {row.id: row for row in self.beside}
        for external_id, set_ids in by_id.items():
            row, here = self._row(members[external_id]), set_ids & self._names.keys()
            if len(here) > 1:
                both = " and ".join(repr(self._names[set_id]) for set_id in sorted(here))
                raise Conflict(
                    f"{row}: {both} both have a prompt {external_id!r}, so nothing was imported. Import the file "
                    "without a held-out share, as one of them."
                )
            if not here:
                other = beside[min(set_ids)]
                which = "train" if other.split is Split.train else "held-out"
                raise Conflict(
                    f"{row}: the prompt {external_id!r} is in {other.name!r}, the {which} set beside, so nothing was "
                    "imported. Import the file with a held-out share, so that each prompt stays where it is, leave "
                    "the row out, or choose another name."
                )

    def _clash(self, member: StagedPrompt, what: str) -> str:
        return (
            f"{self._row(member)}: the prompt {member.external_id!r} is now what {what}, so "
            "nothing was imported. Leave the row out, or the other prompt."
        )

    def _row(self, member: StagedPrompt) -> str:
        return f"{self.writer.unit.capitalize()} {member.number:,}"

    def _refuse_overlaps(self, changed: Sequence[tuple[StagedPrompt, _There]]) -> None:
        """What is measured on is never trained on, however it came to be the same."""
        prompt = tables.Prompt
        for split in self.sets:
            mine = {m.key: m for m, known in changed if self._splits[known.set_id] is split}
            others = sets_of(self.db, self.writer.project_id, opposite(split))
            for some in in_chunks(list(mine), IDS_AT_ONCE):
                query = select(prompt.text_key, prompt.prompt_set_id)
                query = query.where(prompt.prompt_set_id.in_(others), prompt.text_key.in_(some)).limit(1)
                for key, set_id in self.db.execute(query).tuples():
                    side = opposite(split).value.replace("_", "-")
                    raise Conflict(self._clash(mine[key], f"the {side} set {others[set_id]!r} asks"))

    def _write(self, changed: Sequence[tuple[StagedPrompt, _There]]) -> None:
        prompt, completion = tables.Prompt, tables.ImportedCompletion
        for some in in_chunks([known.id for _, known in changed], IDS_AT_ONCE):
            self.db.execute(delete(completion).where(completion.prompt_id.in_(some)))
        values = [
            {
                "id": known.id,
                "messages": json.loads(member.messages or "[]"),
                "text": member.text,
                "answer": member.answer,
                "extra": json.loads(member.extra),
                "text_key": member.key,
                "content_hash": member.digest.hex(),
            }
            for member, known in changed
        ]
        if values:
            self.db.execute(update(prompt), values)
        self.num_updated += len(values)
