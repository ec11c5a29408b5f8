"""Prompts that are written in many short transactions on SQLite: whole or not at all, beside what others do."""

import threading
from pathlib import Path
from typing import Any

import pytest

from backend.errors import Conflict
from backend.services import prompts, unfinished
from backend.services.prompts import Mapping, keeping, near_duplicates
from backend.services.prompts import staging as prompt_staging
from backend.values import Split
from tests import rows
from tests.integration.test_sample_imports import Place
from tests.waiting import PATIENCE

BY_ID = Mapping(prompt="prompt", external_id="id")


@pytest.mark.on_sqlite
@pytest.mark.parametrize("external_id", [None, "id"])
def test_prompts_that_come_in_parts_are_those_that_come_at_once(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, external_id: str | None
) -> None:
    place = Place()
    asked = [
        f"{n} {text}"
        for n in range(5)
        for text in ("plain", "\N{GRINNING FACE} ﬁ\u00ad", 'q" \\ \x01\r\n', "long " * 900)
    ]
    given = [
        {"prompt": text, "id": f"n{n}" if n % 2 else n, "answer": text, "note": {"deep": [text, None, 10**30]}}
        for n, text in enumerate(asked)
    ]
    odd = [{"prompt": asked[0].upper(), "id": "upper"}, {"prompt": "", "id": "empty"}]
    path = place.file(tmp_path, [*given, *given[:3], *odd, {"prompt": "another", "id": 0}])
    mapping = Mapping(prompt="prompt", answer="answer", external_id=external_id)
    reports = []
    for size, name in ((50_000, "whole"), (3, "parts")):
        monkeypatch.setattr(prompt_staging, "ROWS_AT_ONCE", size)
        reports.append(
            prompts.import_file(
                place.curator, place.project.id, name, path, mapping=mapping, held_out_share=0.4, seed=3
            )
        )
    whole, parts = reports
    num_bad = 1 if external_id is None else 2
    assert (whole.num_imported, whole.num_bad, whole.num_overlaps) == (parts.num_imported, num_bad, parts.num_overlaps)
    assert parts.num_bad == num_bad
    assert sorted((p.line, p.kind) for p in whole.problems) == sorted((p.line, p.kind) for p in parts.problems)
    if external_id is not None:
        assert "another prompt before it has the external id '0'" in {p.reason for p in parts.problems}

    def rows_of(set_id: int) -> list[Any]:
        page = prompts.browse(place.curator, set_id, limit=200)
        return [(row.position, row.messages, row.text, row.answer, row.extra, row.external_id) for row in page.rows]

    for first, second in zip(whole.sets, parts.sets, strict=True):
        assert rows_of(first.id) == rows_of(second.id)
        assert all((row[-1] is None) == (external_id is None) for row in rows_of(second.id))
    if external_id is not None:
        again = prompts.import_file(
            place.curator, place.project.id, "parts", path, mapping=mapping, held_out_share=0.4, seed=3
        )
        assert (again.num_imported, again.num_updated, again.num_unchanged) == (0, 0, parts.num_imported)
    with pytest.raises(Conflict, match="already a prompt set 'parts'"):
        prompts.import_file(place.curator, place.project.id, "parts", path)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are a transaction."""
    monkeypatch.setattr(prompt_staging, "ROWS_AT_ONCE", 2)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"prompt": f"{n}+{n}?", "id": n} for n in range(count)]


@pytest.mark.on_sqlite
def test_a_file_that_comes_again_waits_for_an_import_in_parts(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    """What is put into a held-out set meanwhile would be trained on by what was compared with the set before."""
    place = Place()
    held_out = place.file(tmp_path, [{"prompt": "7+8?", "id": "a"}])
    how: dict[str, Any] = {"mapping": BY_ID, "split": Split.held_out}
    prompts.import_file(place.curator, place.project.id, "measured", held_out, **how)
    (tmp_path / "more").mkdir()
    more = place.file(tmp_path / "more", [{"prompt": "7+8?", "id": "a"}, {"prompt": "0+0?", "id": "b"}])
    (tmp_path / "train").mkdir()
    train = place.file(tmp_path / "train", numbered(7))
    reports: list[Any] = []

    def update() -> None:
        reports.append(prompts.import_file(place.curator, place.project.id, "measured", more, **how))

    other = threading.Thread(target=update)

    def pause(_since: float) -> None:
        if not other.ident:
            other.start()
            other.join(0.5)
        assert not reports

    monkeypatch.setattr(unfinished, "rest", pause)
    done = prompts.import_file(place.curator, place.project.id, "trained", train, mapping=BY_ID)
    other.join(PATIENCE)
    assert done.num_imported == 7
    (report,) = reports
    assert (report.num_imported, report.num_unchanged, report.num_overlaps) == (0, 1, 1)


@pytest.mark.on_sqlite
def test_a_prompt_kept_by_hand_is_compared_with_an_import_under_way(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()
    rows.make_prompt_set(place.project, "measured", prompts=["7+8?"], split=Split.held_out)
    refused: list[str] = []
    pauses: list[int] = []

    def pause(_since: float) -> None:
        pauses.append(1)
        if len(pauses) == 1:
            return  # nothing is written yet
        try:
            keeping.keep(place.curator, place.project.id, "measured", [{"role": "user", "content": "0+0?"}])
        except Conflict as conflict:
            refused.append(str(conflict))

    monkeypatch.setattr(unfinished, "rest", pause)
    path = place.file(tmp_path, numbered(7))
    done = prompts.import_file(place.curator, place.project.id, "trained", path)
    assert done.num_imported == 7
    assert refused
    assert all("The set 'trained', on the other side of the split, asks the same" in text for text in refused)


@pytest.mark.on_sqlite
def test_a_name_that_is_taken_while_a_file_is_read_refuses_it(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_parts: None
) -> None:
    place = Place()
    path = place.file(tmp_path, numbered(7))

    def pause(_since: float) -> None:
        if "mine" not in {entry.name for entry in prompts.list_sets(place.curator, place.project.id)}:
            rows.make_prompt_set(place.project, "mine")

    monkeypatch.setattr(unfinished, "rest", pause)
    with pytest.raises(Conflict, match="There is already a prompt set 'mine' in this project, whose prompts have no"):
        prompts.import_file(place.curator, place.project.id, "mine", path, mapping=BY_ID)
    assert [entry.num_prompts for entry in prompts.list_sets(place.curator, place.project.id)] == [3]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_on_postgresql_a_new_set_is_compared_with_what_came_to_others_meanwhile(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place()
    held_out = place.file(tmp_path, [{"prompt": "7+8?", "id": "a"}])
    how: dict[str, Any] = {"mapping": BY_ID, "split": Split.held_out}
    prompts.import_file(place.curator, place.project.id, "measured", held_out, **how)
    (tmp_path / "more").mkdir()
    more = place.file(tmp_path / "more", [{"prompt": "7+8?", "id": "a"}, {"prompt": "0+0?", "id": "b"}])
    note = near_duplicates.note

    def meanwhile(*given: Any) -> str:
        monkeypatch.setattr(near_duplicates, "note", note)
        assert prompts.import_file(place.curator, place.project.id, "measured", more, **how).num_imported == 1
        return note(*given)

    monkeypatch.setattr(near_duplicates, "note", meanwhile)
    (tmp_path / "train").mkdir()
    train = place.file(tmp_path / "train", numbered(7))
    with pytest.raises(Conflict, match=r"Meanwhile the prompt '0\+0\?' came into 'measured'"):
        prompts.import_file(place.curator, place.project.id, "trained", train, mapping=BY_ID)
    assert [entry.name for entry in prompts.list_sets(place.curator, place.project.id)] == ["measured"]
