"""Staged prompts -> rows, in one caller's transaction, without what a set of the other split has already."""

from array import array
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.arriving import Arrival
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.services.prompts.staging import Problems, StagedPrompt, is_held_out
from backend.values import Split

COLUMNS = "position, messages, text, answer, extra, text_key, content_hash, external_id"
KEYS_AT_ONCE = 500


@dataclass
class Writer:
    """Inserts staged prompts into the set of their split. `others`: the project's sets of the other split, by id."""

    db: Session
    project_id: int
    sets: dict[Split, tables.PromptSet]
    share: float
    seed: int
    problems: Problems
    unit: str = "line"
    numbers: dict[Split, array] = field(default_factory=dict)  # type: ignore[type-arg]
    """The row of the file that each position of a set came from; 0 for what the set had before."""
    num_completions: int = 0

    def __post_init__(self) -> None:
        self.numbers = {split: array("q", bytes(8 * self._next_position(row))) for split, row in self.sets.items()}
        self.others = {split: self._sets_of(opposite(split)) for split in self.sets}
        self.arrival = Arrival(self.db)
        self.created_at = self.arrival.stored(tables.Prompt, "created_at", now())

    def _next_position(self, prompt_set: tables.PromptSet) -> int:
        last = select(func.max(tables.Prompt.position)).where(tables.Prompt.prompt_set_id == prompt_set.id)
        place = self.db.scalar(last) if prompt_set.num_prompts else None
        return 0 if place is None else place + 1

    def _sets_of(self, split: Split) -> dict[int, str]:
        own = {s.id for s in self.sets.values()}
        return {id: name for id, name in sets_of(self.db, self.project_id, split).items() if id not in own}

    def write(self, chunk: list[StagedPrompt]) -> None:
        """Insert a chunk, without the prompts that a set of the other split has already."""
        for split, members in self._by_split(chunk).items():
            taken = self._taken(split, [m.key for m in members]) if self.others[split] else {}
            if taken:
                members = self._without(members, taken, split)
            into = self.sets[split]
            prompts = [m for m in members if m.messages is not None]
            numbered = enumerate(prompts, len(self.numbers[split]))
            self._insert(into.id, [(place, *m[1:6], m.digest.hex(), m.external_id) for place, m in numbered])
            self.numbers[split].extend(m.number for m in prompts)
            into.num_prompts += len(prompts)
            notes = [(m.digest.hex(), *completion) for m in members for completion in m.completions]
            if notes:
                insert_completions(self.db.connection(), into.id, self.created_at, notes)
                self.num_completions += len(notes)

    def finish(self) -> None:
        """Leave out of the train set what the held-out set of this import asks in another spelling."""
        if len(self.sets) < 2:
            return
        train, prompt = self.sets[Split.train], tables.Prompt
        held = select(prompt.text_key).where(prompt.prompt_set_id == self.sets[Split.held_out].id)
        query = select(prompt.id, prompt.position).where(prompt.prompt_set_id == train.id, prompt.text_key.in_(held))
        pairs = self.db.execute(query.order_by(prompt.position)).tuples().all()
        name = self.sets[Split.held_out].name
        for _, position in pairs:
            number = self.numbers[Split.train][position]
            if not number:
                raise Conflict(
                    f"A new prompt of the held-out set {name!r} is what prompt {position} of {train.name!r} asks, "
                    "spelled otherwise, so nothing was imported. Leave one of them out of the file."
                )
            self.problems.add(
                number, "overlap", f"the same question, spelled otherwise, is in the held-out set {name!r}"
            )
        for chunk in in_chunks(pairs, KEYS_AT_ONCE):
            ids = [id for id, _ in chunk]
            completion = tables.ImportedCompletion
            gone = select(func.count()).where(completion.prompt_id.in_(ids))
            self.num_completions -= self.db.scalar(gone) or 0
            self.db.execute(delete(completion).where(completion.prompt_id.in_(ids)))
            self.db.execute(delete(prompt).where(prompt.id.in_(ids)))
        train.num_prompts -= len(pairs)

    def refuse_meanwhile(self) -> None:
        """Raise `Conflict` where a set that came into the project meanwhile asks on the other side what this one does.

        Imports of one project end one after the other, so that the second sees what the first wrote.
        """
        project, prompt = tables.Project, tables.Prompt
        self.db.execute(select(project.id).where(project.id == self.project_id).with_for_update(key_share=True))
        for split, own in self.sets.items():
            came = {
                set_id: name
                for set_id, name in self._sets_of(opposite(split)).items()
                if set_id not in self.others[split]
            }
            keys = select(prompt.text_key).where(prompt.prompt_set_id.in_(came))
            both = select(prompt.text).where(prompt.prompt_set_id == own.id, prompt.text_key.in_(keys)).limit(1)
            if came and (text := self.db.scalar(both)) is not None:
                raise Conflict(
                    f"Meanwhile {', '.join(map(repr, came.values()))} was imported, which has the prompt "
                    f"{text[:60]!r} on the other side of the split, so nothing was imported. Import the file again."
                )

    def _without(self, members: list[StagedPrompt], taken: dict[int, str], split: Split) -> list[StagedPrompt]:
        """The prompts that are not taken; the others are noted."""
        left = []
        for member in members:
            if member.key in taken:
                there = f"{opposite(split).value.replace('_', '-')} set {taken[member.key]!r}"
                self.problems.add(member.number, "overlap", f"the same prompt is in the {there}")
            else:
                left.append(member)
        return left

    def _insert(self, set_id: int, rows: list[tuple[Any, ...]]) -> None:
        """Insert rows of `COLUMNS`, past the column types: messages and metadata are JSON text already."""
        common = {"prompt_set_id": set_id, "created_at": self.created_at}
        self.arrival.put(tables.Prompt, COLUMNS, rows, common, is_searched=True)

    def _by_split(self, chunk: list[StagedPrompt]) -> dict[Split, list[StagedPrompt]]:
        if len(self.sets) == 1:
            return {next(iter(self.sets)): chunk}
        train: list[StagedPrompt] = []
        held_out: list[StagedPrompt] = []
        for member in chunk:
            (held_out if is_held_out(member.digest, share=self.share, seed=self.seed) else train).append(member)
        return {Split.train: train, Split.held_out: held_out}

    def _taken(self, split: Split, keys: list[int]) -> dict[int, str]:
        """Which of these questions the sets of the other split ask, and the name of the set."""
        others, prompt = self.others[split], tables.Prompt
        by_key: dict[int, str] = {}
        for chunk in in_chunks(keys, KEYS_AT_ONCE):
            query = select(prompt.text_key, prompt.prompt_set_id).where(
                prompt.prompt_set_id.in_(others), prompt.text_key.in_(chunk)
            )
            by_key |= {key: others[set_id] for key, set_id in self.db.execute(query).tuples()}
        return by_key


def insert_completions(connection: Connection, set_id: int, created_at: Any, rows: list[tuple[Any, ...]]) -> None:
    """Insert completions (hash of the prompt, position, text, note as JSON) below their prompts of this set."""
    names = "hash, position, text, extra"
    onto = (
        "INSERT INTO imported_completions (prompt_id, created_at, position, text, extra) "
        "SELECT prompts.id, {0}, arriving.position, arriving.text, {1} FROM arriving JOIN prompts "
        "ON prompts.prompt_set_id = {0} AND prompts.content_hash = arriving.hash ORDER BY prompts.id, arriving.position"
    )
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"CREATE TEMP TABLE arriving ({names})")
        connection.exec_driver_sql("INSERT INTO arriving VALUES (?, ?, ?, ?)", rows)
        connection.exec_driver_sql(onto.format("?", "arriving.extra"), (created_at, set_id))
        connection.exec_driver_sql("DROP TABLE arriving")
        return
    connection.exec_driver_sql(
        "CREATE TEMP TABLE arriving (hash text, position bigint, text text, extra text) ON COMMIT DROP"
    )
    psycopg: Any = connection.connection.driver_connection
    with psycopg.cursor() as cursor, cursor.copy(f"COPY arriving ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(onto.format("%s", "CAST(arriving.extra AS JSONB)"), (created_at, set_id))
    connection.exec_driver_sql("DROP TABLE arriving")


def sets_of(db: Session, project_id: int, split: Split) -> dict[int, str]:
    """The names of the project's sets of a split, by id."""
    row = tables.PromptSet
    query = select(row.id, row.name).where(row.project_id == project_id, row.split == split)
    return dict(db.execute(query).tuples().all())


def opposite(split: Split) -> Split:
    """Held out for train, train for held out."""
    return Split.train if split is Split.held_out else Split.held_out
