"""Archives of before an update: columns that came since get their defaults, and what cannot be read is refused."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services import archived, round_archive
from backend.services.access import Actor
from backend.services.round_archive import columns, newer
from tests.integration.archiving import leaving, snapshot
from tests.integration.archiving import place as place  # a fixture

pytestmark = pytest.mark.on_sqlite


def rewrite(round_id: int, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Make the archive one whose file of rows was written by another version."""
    folder = archived.place(round_id)
    path, manifest = folder / f"{name}.parquet", json.loads((folder / "manifest.json").read_text())
    table = change(pq.read_table(path))
    pq.write_table(table, path)
    manifest["files"][name] |= {"sha256": digest(path), "columns": table.column_names}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with session() as db:
        row = db.get_one(tables.Round, round_id)
        row.archive = row.archive | {"sha256": digest(folder / "manifest.json")}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_columns_that_came_since_have_their_defaults_and_are_named(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before, held = snapshot(), leaving(round_.id)
    round_archive.archive(admin, round_.id)
    rewrite(round_.id, "labels", lambda table: table.drop_columns(["machine_spread", "num_tokens"]))
    sentences: list[str] = []
    round_archive.restore(admin, round_.id, sentences.append)
    lacking = ["labels.machine_spread", "labels.num_tokens"]
    assert sentences == [f"The archive is older than {', '.join(lacking)}: its rows have the defaults there."]
    assert leaving(round_.id) == held
    label = tables.Label
    with reading() as db:
        event = db.scalars(select(tables.Event).where(tables.Event.verb == "restore round")).one()
        assert event.details["filled"] == lacking
        query = select(label.machine_spread, label.num_tokens).where(label.round_id == round_.id)
        defaults = {tuple(row) for row in db.execute(query)}
    assert defaults == {(None, 0)}
    after = snapshot()
    same = [name for name in before if name not in ("labels", "prompts", "prompt_sets")]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_a_table_that_was_renamed_since_is_read_from_the_file_of_its_former_name(
    place: tuple[Actor, tables.Round],
) -> None:
    admin, round_ = place
    before = snapshot()
    round_archive.archive(admin, round_.id)
    rename_back(round_.id)
    sentences: list[str] = []
    round_archive.restore(admin, round_.id, sentences.append)
    after = snapshot()
    assert sentences == []
    assert after["informativeness"] == before["informativeness"] != []


def test_what_was_broken_off_before_a_table_was_renamed_is_gone_on_with(place: tuple[Actor, tables.Round]) -> None:
    admin, round_ = place
    before, held = snapshot()["informativeness"], leaving(round_.id)
    dying = round_archive.archive_steps(admin, round_.id)
    for _ in dying:
        with reading() as db:
            if db.get_one(tables.Round, round_.id).archive["state"] == round_archive.State.leaving:
                break
    dying.close()
    rename_back(round_.id)
    assert leaving(round_.id) == held
    assert held["informativeness"] > 0
    round_archive.archive(admin, round_.id)
    assert leaving(round_.id)["informativeness"] == 0
    round_archive.restore(admin, round_.id)
    assert snapshot()["informativeness"] == before


def rename_back(round_id: int) -> None:
    """Make the archive one of before `worths` was renamed."""
    folder = archived.place(round_id)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["worths"] = manifest["files"].pop("informativeness")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "informativeness.parquet").rename(folder / "worths.parquet")
    former = [name if name != "informativeness" else "worth" for name in manifest["files"]["worths"]["columns"]]
    rewrite(round_id, "worths", lambda table: table.rename_columns(former))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda table: table.drop_columns(["text"]), r"lack columns .*\(text\) and that have no default"),
        (lambda table: table.append_column("mood", pa.nulls(len(table))), r"does not keep \(mood\), and nothing"),
    ],
    ids=["lacks what has no default", "has what is not kept"],
)
def test_an_archive_that_cannot_be_put_back_whole_is_refused(
    place: tuple[Actor, tables.Round], change: Callable[[pa.Table], pa.Table], reason: str
) -> None:
    admin, round_ = place
    round_archive.archive(admin, round_.id)
    rewrite(round_.id, "samples", change)
    before = snapshot()
    with pytest.raises(InvalidInput, match=rf"{reason}.*Restore a backup from before the update"):
        round_archive.restore(admin, round_.id)
    assert snapshot() == before


def test_a_column_that_a_migration_fills_from_other_rows_gets_no_default() -> None:
    table = tables.Label.__table__
    with pytest.raises(InvalidInput, match=r"lack columns that an update worked out from other rows \(kind, step\)"):
        newer.refuse(table, {column.name for column in columns.stored(table)} - {"kind", "step", "num_tokens"})
    names = "|".join(entity.__table__.name for entity in columns.REMOVED)
    fills = re.compile(rf"UPDATE (?:\\?\")?({names})\b(?:\\?\")? SET (\w+)|update\(({names})\)", re.IGNORECASE)
    for migration in Path("migrations/versions").glob("*.py"):
        number = migration.name[:4]
        if number < "0036":  # there were no archives
            continue
        filled = {"".join(filter(None, match)) for match in fills.findall(migration.read_text())}
        assert not filled or number in newer.COMPUTED.values(), f"{migration.name} fills {filled}: see newer.COMPUTED"


def test_a_default_is_that_of_the_column() -> None:
    table = tables.Decision.__table__
    written = {column.name for column in table.columns} - {"is_late", "note", "mode"}
    assert newer.values(table, written) == {"note": ""}, "the database has the others by itself"
    newer.refuse(table, written)
