"""Staged prompts -> rows, in one caller's transaction, without what a set of the other split has already."""

from array import array
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.arriving import Arrival
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.services.prompts.row_problems import Problems
from backend.services.prompts.staging import StagedPrompt, StagedRow, drawn_held_out
from backend.values import Split

COLUMNS = "position, messages, text, answer, extra, text_key, content_hash, external_id"
KEYS_AT_ONCE = 500
MESSAGES, KEY, DIGEST, ID = map(StagedPrompt._fields.index, ("messages", "key", "digest", "external_id"))
"""Places in a `StagedRow`, which begins with its number and ends with its completions."""


@dataclass
class Writer:
    """Inserts staged prompts into the set of their split. `others`: the project's sets of the other split, by id.

    `db`: of the transaction that begins the import. The sets may stand in a hidden project.
    """

    db: InitVar[Session]
    project_id: int
    sets: dict[Split, tables.PromptSet]
    share: float
    seed: int
    problems: Problems
    unit: str = "line"
    numbers: dict[Split, array] = field(default_factory=dict)  # type: ignore[type-arg]
    """The row of the file that each position of a set came from; 0 for what the set had before."""
    num_completions: int = 0

    def __post_init__(self, db: Session) -> None:
        self.numbers = {split: array("q", bytes(8 * _next_position(db, row))) for split, row in self.sets.items()}
        self.others = {split: self._sets_of(db, opposite(split)) for split in self.sets}
        self.created_at = Arrival(db).stored(tables.Prompt, "created_at", now())

    def _sets_of(self, db: Session, split: Split) -> dict[int, str]:
        own = {s.id for s in self.sets.values()}
        return {id: name for id, name in sets_of(db, self.project_id, split).items() if id not in own}

    def write(self, arrival: Arrival, chunk: list[StagedRow]) -> None:
        """Insert a chunk in the transaction of `arrival`, without the prompts that a set of the other split has."""
        for split, members in self._by_split(chunk).items():
            taken = self._taken(arrival.db, split, [m[KEY] for m in members]) if self.others[split] else {}
            if taken:
                members = self._without(members, taken, split)
            into = self.sets[split]
            prompts = [m for m in members if m[MESSAGES] is not None]
            # Past the column types: messages and metadata are JSON text already.
            numbered = enumerate(prompts, len(self.numbers[split]))
            rows = [(place, *m[MESSAGES:DIGEST], m[DIGEST].hex(), m[ID]) for place, m in numbered]
            common = {"prompt_set_id": into.id, "created_at": self.created_at}
            arrival.put(tables.Prompt, COLUMNS, rows, common, is_searched=True)
            self.numbers[split].extend([m[0] for m in prompts])
            into.num_prompts += len(prompts)
            notes = [(m[DIGEST].hex(), *completion) for m in members if m[-1] for completion in m[-1]]
            if notes:
                insert_completions(arrival.db.connection(), into.id, self.created_at, notes)
                self.num_completions += len(notes)

    def overlaps(self, db: Session) -> Sequence[tuple[int, int]]:
        """Id and position of what the train set asks as the held-out set of this import does in another spelling."""
        if len(self.sets) < 2:
            return []
        prompt = tables.Prompt
        held = select(prompt.text_key).where(prompt.prompt_set_id == self.sets[Split.held_out].id)
        of_train = prompt.prompt_set_id == self.sets[Split.train].id
        query = select(prompt.id, prompt.position).where(of_train, prompt.text_key.in_(held))
        return db.execute(query.order_by(prompt.position)).tuples().all()

    def drop(self, db: Session, pairs: Sequence[tuple[int, int]]) -> None:
        """Leave these prompts of the train set out, and note them."""
        for _, position in pairs:
            number, name = self.numbers[Split.train][position], self.sets[Split.held_out].name
            if not number:
                raise Conflict(
                    f"A new prompt of the held-out set {name!r} is what prompt {position} of "
                    f"{self.sets[Split.train].name!r} asks, spelled otherwise, so nothing was imported. Leave one of "
                    "them out of the file."
                )
            self.problems.add(
                number, "overlap", f"the same question, spelled otherwise, is in the held-out set {name!r}"
            )
        prompt, completion = tables.Prompt, tables.ImportedCompletion
        for chunk in in_chunks(pairs, KEYS_AT_ONCE):
            ids = [id for id, _ in chunk]
            gone = select(func.count()).where(completion.prompt_id.in_(ids))
            self.num_completions -= db.scalar(gone) or 0
            db.execute(delete(completion).where(completion.prompt_id.in_(ids)))
            db.execute(delete(prompt).where(prompt.id.in_(ids)))
        if pairs:
            self.sets[Split.train].num_prompts -= len(pairs)

    def hold_project(self, db: Session) -> None:
        """Let imports of the project end one after the other, so that the second sees what the first wrote."""
        project = tables.Project
        db.execute(select(project.id).where(project.id == self.project_id).with_for_update(key_share=True))

    def refuse_meanwhile(self, db: Session) -> None:
        """Raise `Conflict` where the other side of the split asks by now what this import does.

        A set came meanwhile, or one prompt into a set that was there: by hand, or as a probe.
        """
        self.hold_project(db)
        for split in self.sets:
            others = self._sets_of(db, opposite(split))
            if others and (both := self._in_both(db, split, others)) is not None:
                text, there = both
                raise Conflict(
                    f"Meanwhile the prompt {text[:60]!r} came into {there!r}, on the other side of the split, so "
                    "nothing was imported. Import the file again."
                )

    def _in_both(self, db: Session, split: Split, others: dict[int, str]) -> tuple[str, str] | None:
        """Text of a new prompt of the own set that the others have, too, and the name of the set that has it."""
        prompt, row, own = tables.Prompt, tables.PromptSet, self.sets[split]
        # What the set had before stands first, and its rows of the file are 0.
        places = self.numbers[split]
        num_before = next((place for place, number in enumerate(places) if number), len(places))
        num_others = db.scalar(select(func.sum(row.num_prompts)).where(row.id.in_(others))) or 0
        ours = and_(prompt.prompt_set_id == own.id, prompt.position >= num_before)
        theirs = prompt.prompt_set_id.in_(others)
        # Each of the smaller side is looked for among the larger, by the index of sets and questions.
        small, large = (ours, theirs) if own.num_prompts - num_before < num_others else (theirs, ours)
        query = select(prompt.text_key).where(large, prompt.text_key.in_(select(prompt.text_key).where(small)))
        key = db.scalar(query.limit(1))
        if key is None:
            return None
        text = db.scalar(select(prompt.text).where(ours, prompt.text_key == key).limit(1)) or ""
        return text, others[db.scalars(select(prompt.prompt_set_id).where(theirs, prompt.text_key == key)).first() or 0]

    def _without(self, members: list[StagedRow], taken: dict[int, str], split: Split) -> list[StagedRow]:
        """The prompts that are not taken; the others are noted."""
        left = []
        for member in members:
            if member[KEY] in taken:
                there = f"{opposite(split).value.replace('_', '-')} set {taken[member[KEY]]!r}"
                self.problems.add(member[0], "overlap", f"the same prompt is in the {there}")
            else:
                left.append(member)
        return left

    def _by_split(self, chunk: list[StagedRow]) -> dict[Split, list[StagedRow]]:
        if len(self.sets) == 1:
            return {next(iter(self.sets)): chunk}
        is_held_out = drawn_held_out(self.share, self.seed)
        train: list[StagedRow] = []
        held_out: list[StagedRow] = []
        for member in chunk:
            (held_out if is_held_out(member[DIGEST]) else train).append(member)
        return {Split.train: train, Split.held_out: held_out}

    def _taken(self, db: Session, split: Split, keys: list[int]) -> dict[int, str]:
        """Which of these questions the sets of the other split ask, and the name of the set."""
        others, prompt = self.others[split], tables.Prompt
        by_key: dict[int, str] = {}
        for chunk in in_chunks(keys, KEYS_AT_ONCE):
            query = select(prompt.text_key, prompt.prompt_set_id).where(
                prompt.prompt_set_id.in_(others), prompt.text_key.in_(chunk)
            )
            by_key |= {key: others[set_id] for key, set_id in db.execute(query).tuples()}
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


def _next_position(db: Session, prompt_set: tables.PromptSet) -> int:
    last = select(func.max(tables.Prompt.position)).where(tables.Prompt.prompt_set_id == prompt_set.id)
    place = db.scalar(last) if prompt_set.num_prompts else None
    return 0 if place is None else place + 1


def opposite(split: Split) -> Split:
    """Held out for train, train for held out."""
    return Split.train if split is Split.held_out else Split.held_out
