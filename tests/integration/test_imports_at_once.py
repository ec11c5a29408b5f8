"""Two writers of prompts in the middle of their writes: what is measured on is never trained on, whoever ends first."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import values
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.jobs import JobProgress
from backend.pipeline import adopt
from backend.pipeline.stage import StageContext
from backend.services import prompts
from backend.services.imports import importing
from backend.services.imports.importing import ImportRequest
from backend.services.imports.writing import SampleWriter
from backend.services.prompts import Mapping, keeping
from backend.services.prompts.import_report import ImportReport
from backend.services.prompts.known_ids import KnownIds
from backend.services.prompts.writer import Writer
from backend.values import Role, Split
from tests import rows
from tests.importing import lines, put
from tests.waiting import PATIENCE

BY_ID = Mapping(prompt="q", external_id="id")
PLAIN = Mapping(prompt="q")
BOTH = "asked by both?"


@dataclass
class Middle:
    """Holds each of two writers once it has written, until the other one has, or waits for the first one's end."""

    monkeypatch: pytest.MonkeyPatch
    seconds: float
    met: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))
    were_both_here: bool = False

    def here(self) -> None:
        try:
            self.met.wait(self.seconds)
            self.were_both_here = True
        except threading.BrokenBarrierError:
            pass

    def after(self, owner: Any, name: str) -> None:
        """Come here after each call of this function."""
        works = getattr(owner, name)

        def then_here(*args: Any, **options: Any) -> Any:
            result = works(*args, **options)
            self.here()
            return result

        self.monkeypatch.setattr(owner, name, then_here)


def both(*acts: Callable[[], Any]) -> list[Any]:
    """What each of them returns, or the `Conflict` that it raises, done at the same time."""

    def outcome(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(2 * PATIENCE) for future in [pool.submit(outcome, act) for act in acts]]


@pytest.fixture
def place(database: str) -> "Place":
    return Place()


class Place:
    """A project with a curator."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.curator = rows.make_actor(self.project, Role.curator, name="cleo")

    def bring(self, name: str, texts: Sequence[str], split: Split, mapping: Mapping = PLAIN) -> ImportReport:
        given = [{"id": n, "q": text} for n, text in enumerate(texts)]
        file = put(f"{threading.get_ident()}-{split}.jsonl", lines(*given))
        return prompts.import_file(self.curator, self.project.id, name, file, mapping=mapping, split=split)

    def asked(self) -> dict[Split, list[str]]:
        """The texts of the project's prompts, by split."""
        row, prompt = tables.PromptSet, tables.Prompt
        query = select(row.split, prompt.text).join(prompt, prompt.prompt_set_id == row.id)
        texts: dict[Split, list[str]] = {Split.train: [], Split.held_out: []}
        with reading() as db:
            for split, text in db.execute(query.where(row.project_id == self.project.id)):
                texts[split].append(text)
        return texts

    def check(self) -> None:
        texts = self.asked()
        assert (BOTH in texts[Split.train]) is not (BOTH in texts[Split.held_out]), texts

    def stage(self) -> StageContext:
        return StageContext(0, 0, rows.make_round(self.project), recipe=None, progress=JobProgress(0, 0))  # type: ignore[arg-type]


def has_many_writers(database: str) -> bool:
    """PostgreSQL has; on SQLite the second cannot come to its middle before the first one's end."""
    return database.startswith("postgresql")


def seconds(database: str) -> float:
    """How long one waits for the other in its middle."""
    return PATIENCE if has_many_writers(database) else 0.5


def test_two_new_sets_do_not_share_a_prompt(database: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    middle = Middle(monkeypatch, seconds(database))
    middle.after(Writer, "write")
    results = both(
        lambda: place.bring("trained", ["one", BOTH], Split.train),
        lambda: place.bring("measured", ["two", BOTH], Split.held_out),
    )
    assert middle.were_both_here is has_many_writers(database)
    place.check()
    conflicts = [result for result in results if isinstance(result, Conflict)]
    if has_many_writers(database):
        assert len(conflicts) == 1
        assert f"Meanwhile the prompt {BOTH!r} came into" in str(conflicts[0])
    else:
        assert sorted(report.num_overlaps for report in results) == [0, 1]


@pytest.mark.parametrize("is_changed", [False, True])
def test_two_updates_do_not_share_a_prompt(
    database: str, place: Place, monkeypatch: pytest.MonkeyPatch, is_changed: bool
) -> None:
    for name, split in (("trained", Split.train), ("measured", Split.held_out)):
        place.bring(name, [f"{name} 0", f"{name} 1"], split, BY_ID)
    middle = Middle(monkeypatch, 0.5)
    middle.after(KnownIds, "new")

    def update(name: str, split: Split) -> ImportReport:
        texts = [f"{name} 0", BOTH] if is_changed else [f"{name} 0", f"{name} 1", BOTH]
        return place.bring(name, texts, split, BY_ID)

    results = both(lambda: update("trained", Split.train), lambda: update("measured", Split.held_out))
    assert not middle.were_both_here
    place.check()
    if is_changed:
        (conflict,) = [result for result in results if isinstance(result, Conflict)]
        assert "the prompt '1' is now what the" in str(conflict)
    else:
        assert sorted(report.num_overlaps for report in results) == [0, 1]


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_update_and_a_new_set_do_not_share_a_prompt(
    database: str, place: Place, monkeypatch: pytest.MonkeyPatch, is_changed: bool
) -> None:
    place.bring("trained", ["trained 0", "trained 1"], Split.train, BY_ID)
    middle = Middle(monkeypatch, seconds(database))
    middle.after(Writer, "write")
    texts = ["trained 0", BOTH] if is_changed else ["trained 0", "trained 1", BOTH]
    results = both(
        lambda: place.bring("trained", texts, Split.train, BY_ID),
        lambda: place.bring("measured", ["two", BOTH], Split.held_out),
    )
    assert middle.were_both_here is has_many_writers(database)
    place.check()
    assert len([result for result in results if isinstance(result, Conflict)]) <= 1


def test_samples_do_not_answer_a_prompt_that_becomes_held_out_at_once(
    database: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.make_checkpoint(place.project)
    middle = Middle(monkeypatch, seconds(database))
    middle.after(Writer, "write")
    middle.after(SampleWriter, "write")
    name = put("samples.jsonl", lines({"id": "a", "prompt": BOTH, "response": "2"}))
    file = settings().folder / "imports" / name
    both(
        lambda: importing.import_samples(place.curator, place.project.id, file, ImportRequest("Old project")),
        lambda: place.bring("measured", ["two", BOTH], Split.held_out),
    )
    assert middle.were_both_here is has_many_writers(database)
    place.check()


def test_an_id_does_not_come_into_both_sides(database: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    middle = Middle(monkeypatch, seconds(database))
    middle.after(Writer, "write")
    results = both(
        lambda: place.bring("mine", ["asked so"], Split.train, BY_ID),
        lambda: place.bring("mine held out", ["asked otherwise"], Split.held_out, BY_ID),
    )
    (conflict,) = [result for result in results if isinstance(result, Conflict)]
    if has_many_writers(database):
        assert "came into this project meanwhile, so nothing was imported" in str(conflict)
    assert sorted(map(len, place.asked().values())) == [0, 1]


def test_a_name_that_two_take_at_once_is_told(database: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    middle = Middle(monkeypatch, 0.5)
    middle.after(Writer, "write")
    results = both(lambda: place.bring("mine", ["one"], Split.train), lambda: place.bring("mine", ["two"], Split.train))
    (conflict,) = [result for result in results if isinstance(result, Conflict)]
    told = "A prompt set of this name came into the project at the same moment"
    assert (told if has_many_writers(database) else "There is already a prompt set 'mine'") in str(conflict)
    assert len(place.asked()[Split.train]) == 1


def test_a_name_that_is_taken_past_every_check_is_a_conflict(place: Place) -> None:
    rows.make_prompt_set(place.project, "mine")
    with pytest.raises(Conflict, match="A prompt set of this name came into the project at the same moment"):
        rows.make_prompt_set(place.project, "mine")


def adopted(place: Place) -> Callable[[], adopt.Adopted]:
    """What a step does that takes up what a model wrote as prompts."""
    stage = place.stage()
    texts = ["proposed", BOTH]
    groups = [values.Group(values.Prompt(0, [{"role": "user", "content": text}], None), []) for text in texts]

    def write() -> adopt.Adopted:
        with session() as db:
            result = adopt.write_prompts(db, stage, groups)
            time.sleep(0.5)  # the step writes its groups
            return result

    return write


def test_what_becomes_held_out_while_a_round_adopts_it_is_refused(
    database: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = adopted(place)
    middle = Middle(monkeypatch, seconds(database))
    middle.after(Writer, "write")
    middle.after(adopt, "_insert")
    taken, report = both(write, lambda: place.bring("measured", ["two", BOTH], Split.held_out))
    assert middle.were_both_here is has_many_writers(database)
    place.check()
    if has_many_writers(database):
        assert f"Meanwhile the prompt {BOTH!r} came into" in str(report)
        assert len(taken.groups) == 2


def test_a_round_does_not_adopt_what_an_import_holds_out_that_is_about_to_end(
    database: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, compared = adopted(place), threading.Event()
    refuses = Writer.refuse_meanwhile

    def slow(self: Writer, db: Session) -> None:
        refuses(self, db)
        compared.set()
        time.sleep(0.5)  # in which whoever does not wait comes through

    def late() -> adopt.Adopted:
        assert compared.wait(PATIENCE)
        return write()

    monkeypatch.setattr(Writer, "refuse_meanwhile", slow)
    taken, report = both(late, lambda: place.bring("measured", ["two", BOTH], Split.held_out))
    place.check()
    assert (report.num_imported, taken.dropped) == (2, {adopt.HELD_OUT: 1})


def test_a_prompt_that_is_kept_by_hand_is_not_held_out_at_once(
    database: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    middle = Middle(monkeypatch, 0.5)
    middle.after(Writer, "write")
    middle.after(keeping, "_refuse")
    asked = [{"role": "user", "content": BOTH}]
    both(
        lambda: keeping.keep(place.curator, place.project.id, "From chats", asked),
        lambda: place.bring("measured", ["two", BOTH], Split.held_out),
    )
    place.check()


def test_an_update_that_brings_nothing_new_is_not_refused_for_an_older_probe(place: Place) -> None:
    """After a prompt was taken out of the middle, the last one's place is as high as the number of prompts."""
    report = place.bring("trained", ["zero", "one", "two"], Split.train, BY_ID)
    with session() as db:
        row = db.get_one(tables.PromptSet, report.sets[0].id)
        db.delete(db.scalars(select(tables.Prompt).where(tables.Prompt.text == "one")).one())
        row.num_prompts = 2
    rows.make_prompt_set(place.project, "probes", prompts=["two"], split=Split.held_out)
    given = [{"id": 0, "q": "zero, changed"}, {"id": 2, "q": "two"}]
    again = prompts.import_file(
        place.curator, place.project.id, "trained", put("again.jsonl", lines(*given)), mapping=BY_ID
    )
    assert (again.num_updated, again.num_unchanged) == (1, 1)
