"""A large import works in two processes: what is stored, refused and left behind is what one process stores."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import helper_process
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite
from backend.helper_process import HelperProcess
from backend.services import unfinished
from backend.services.imports import chunks, prepared, staging
from backend.services.prompts.files import open_file
from backend.values import Split
from tests.integration.test_sample_imports import THREE, Place, everything
from tests.integration.test_unfinished_imports import MANY, exported, num_projects
from tests.waiting import until

pytestmark = pytest.mark.on_sqlite
TABLES = (tables.Prompt, tables.Group, tables.Sample, tables.Label, tables.Judgment, tables.Decision, tables.Lease)
OWN = {"id", "round_id", "project_id", "prompt_set_id", "group_id", "prompt_id", "sample_id", "client_id"}
"""Columns that say where a row stands, and when it was written."""
TIMES = {"created_at", "updated_at", "decided_at", "expires_at"}


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are a chunk, and every file is large."""
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)
    monkeypatch.setattr(staging, "LARGE", 0)
    monkeypatch.setattr(prepared, "MANY", 0)


def stored(round_id: int | None) -> list[list[dict[str, Any]]]:
    """All columns of a round's rows, each table in the order of its rows; ids as places in their table."""
    kept: list[list[dict[str, Any]]] = []
    with reading() as db:
        sets = select(tables.RoundPromptSet.prompt_set_id).where(tables.RoundPromptSet.round_id == round_id)
        of_round = {tables.Prompt: tables.Prompt.prompt_set_id.in_(sets)}
        samples = db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)).all()
        places: dict[str, dict[int, int]] = {"sample_id": {id: n for n, id in enumerate(sorted(samples))}}
        for table in TABLES:
            columns = table.__table__.c
            where = of_round.get(table, columns["round_id"] == round_id if "round_id" in columns else None)
            order = "sample_id" if "sample_id" in columns and table is not tables.Prompt else "id"
            found_rows = db.execute(select(columns).where(where).order_by(columns[order])).mappings().all()
            if order == "id":
                places[f"{table.__tablename__[:-1]}_id"] = {row["id"]: n for n, row in enumerate(found_rows)}
            kept.append(
                [
                    {name: value for name, value in row.items() if name not in OWN | TIMES}
                    | {name: places[name].get(row[name]) for name in places if name in row and row[name] is not None}
                    for row in found_rows
                ]
            )
    return kept


def test_two_processes_store_what_one_stores(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(unfinished, "REST_SECONDS", 0.0)
    odd = [
        {"id": f"odd {n}", "prompt": text, "response": f"{text} = : {n}", "score": n / 7, "level": [n, text]}
        for n, text in enumerate(
            ("\u65e5\u672c\u8a9e", "e\u0301\u200b\ufeff", "\U0001f600\t\r\n", "'\";--\\N", "Score: 3")
        )
    ]
    given = [*MANY, *odd, {**odd[0], "id": "again", "level": "other"}, MANY[1]]
    place = Place()
    alone = place.bring(tmp_path, given)
    before = stored(alone.round_id), exported(place, tmp_path)
    with session() as db:
        db.delete(db.get_one(tables.Round, alone.round_id))
    monkeypatch.setattr(staging, "LARGE", 0)
    monkeypatch.setattr(prepared, "MANY", 0)
    helped = place.bring(tmp_path, given)
    assert (helped.num_samples, helped.num_repeated) == (alone.num_samples, alone.num_repeated) == (12, 2)
    assert {**vars(helped), "round_id": 0, "number": 0} == {**vars(alone), "round_id": 0, "number": 0}
    assert (stored(helped.round_id), exported(place, tmp_path)) == before
    again = everything()
    assert place.bring(tmp_path, given).num_present == 14
    assert everything() == again


def test_ids_that_others_take_meanwhile_move_the_rest(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helped: None
) -> None:
    place = Place()
    first = place.bring(tmp_path, THREE[:1])
    before = exported(place, tmp_path)

    def take(_since: float) -> None:
        with session() as db:
            sample = db.scalars(select(tables.Sample).where(tables.Sample.round_id == first.round_id).limit(1)).one()
            kept = {c.key: getattr(sample, c.key) for c in sample.__table__.columns if c.key != "id"}
            taken.append(len(taken))
            db.add(tables.Sample(**kept | {"split": Split.held_out, "kind": "probe", "position": len(taken)}))

    taken: list[int] = []
    monkeypatch.setattr(unfinished, "rest", take)
    came = place.bring(tmp_path, MANY)
    assert len(taken) > 2
    (prompts, _, samples, labels, judgments, decisions, _) = stored(came.round_id)
    monkeypatch.setattr(unfinished, "rest", lambda _: None)
    assert len(samples) == len(labels) == 5
    assert [row["text"] for row in samples] == [row["response"] for row in MANY[1:-1]]
    assert before[0] in exported(place, tmp_path)
    assert [row["sample_id"] for row in judgments] == sorted(row["sample_id"] for row in judgments)
    assert None not in [row["sample_id"] for row in decisions]
    assert len(prompts) == 3


def test_both_halves_are_refused_as_one(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    bad = [{**row, "score": "high"} if n in (1, 2, 5, 9) else row for n, row in enumerate([*MANY, *MANY])]
    bad[3] = {"id": "x", "prompt": "?"}
    messages: list[str] = []
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 2)
    for large in (staging.LARGE, 0):
        monkeypatch.setattr(staging, "LARGE", large)
        with pytest.raises(InvalidInput, match="cannot be imported, so nothing was") as refused:
            place.bring(tmp_path, bad)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]
    assert "5 rows of 14" in messages[0]
    assert num_projects() == 1


def test_rows_of_many_lines_are_not_cut_into_many_transactions(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helped: None
) -> None:
    """Halves are told apart by lines."""
    monkeypatch.setattr(chunks, "ROWS_AT_ONCE", 10)
    path = tmp_path / "long.csv"
    path.write_text("id,prompt,response\n" + "".join(f'{n},1+{n}?,"a\nb\nc\nd\n{n}"\n' for n in range(40)))
    with HelperProcess() as helper:
        staged = staging.stage(open_file(path), {}, tmp_path, helper=helper)
        given = list(staged.chunks())
    assert (len(staged.chunk_places), staged.num_chunks) == (20, 4)
    assert [len(chunk) for chunk in given] == [10, 10, 10, 10]
    assert [sample.text[-1:] for chunk in given for sample in chunk] == [str(n)[-1] for n in range(40)]


def test_a_record_of_another_tool_is_read_by_one_process(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helped: None
) -> None:
    place = Place()
    records = [
        {
            "id": f"r{n}",
            "fields": {"prompt": f"{n}+1?", "response": str(n + 1)},
            "responses": {question: [{"value": "accept", "user_id": "ann", "status": "submitted"}]},
            "suggestions": {},
        }
        for n, question in enumerate(["quality", "quality", "quality", "other"])
    ]
    with pytest.raises(InvalidInput, match="several questions may be its label"):
        place.bring(tmp_path, [*THREE[:2], *records])
    assert place.bring(tmp_path, [*THREE[:2], *records[:3]]).num_samples == 5


def test_a_conflict_of_the_helper_is_raised_and_nothing_stays(database: str, tmp_path: Path, helped: None) -> None:
    place = Place()
    place.bring(tmp_path, THREE)
    before = everything()
    with pytest.raises(Conflict, match=r"Line 7, 'b'\. Give what") as refused:
        place.bring(
            tmp_path, [{**row, "id": f"new {n}"} for n, row in enumerate(MANY[:6])] + [{**THREE[1], "note": "?"}]
        )
    assert "other content" in str(refused.value)
    assert everything() == before
    assert num_projects() == 1


def test_a_killed_helper_is_told_of_and_leaves_nothing(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helped: None
) -> None:
    place = Place()
    before = everything()
    ask = HelperProcess._send

    def kill(self: HelperProcess, process: "subprocess.Popen[bytes]", orders: bytes) -> None:
        ask(self, process, orders)
        if orders == helper_process.MORE and everything() != before:
            process.kill()

    monkeypatch.setattr(HelperProcess, "_send", kill)
    with pytest.raises(MissingPrerequisite, match=r"was killed by signal 9, so nothing was written"):
        place.bring(tmp_path, [{**row, "id": f"{n}"} for n, row in enumerate([*MANY] * 5)])
    assert everything() == before
    monkeypatch.undo()
    assert place.bring(tmp_path, MANY).num_samples == 6


PARENT = """
import os, sys, time
from pathlib import Path
from backend.helper_process import HelperProcess
from backend.services.imports import chunks
from tests.integration.test_helped_imports import slow
with HelperProcess() as helper:
    for pid in helper.ahead(slow, sys.argv[1]):
        time.sleep(600)
"""


def slow(path: str) -> Any:
    """Items without end; the first says who makes them."""
    Path(path).write_text(str(os.getpid()))
    while True:
        yield os.getpid()


def test_a_helper_ends_with_whoever_started_it(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", PARENT, str(told)]) as parent:
        until(lambda: told.exists() and told.read_text(), "the helper's start")
        helper = int(told.read_text())
        parent.send_signal(signal.SIGKILL)
    wait_for_end(helper)


def wait_for_end(helper: int) -> None:
    until(lambda: has_ended(helper), "the end of the helper, after that of its parent")


def has_ended(process: int) -> bool:
    """Whether there is no such process, or nothing left of it but what its parent has not asked for yet."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may end while the file is read
        return True
    return state.rpartition(")")[2].split()[0] == "Z"
