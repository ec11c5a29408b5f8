"""Bad files, hostile text, forbidden paths and crashes: what is imported of them, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.config import settings
from backend.db import reading, tables
from backend.db.arriving import Arrival
from backend.errors import InvalidInput, NotFound
from backend.services import prompts
from backend.services.access import Actor
from backend.services.prompts import row_problems, staging
from backend.values import Role, Split
from tests import rows
from tests.importing import lines, put, texts

pytestmark = pytest.mark.usefixtures("database")

HOSTILE = [
    "<script>alert(1)</script>",
    "héllo 🙂🏳️‍🌈",
    "שלום עולם",
    "a\tb\x1b[31m",
    "\u202eright to left",
    "x" * 1_000_000,
]


@pytest.fixture
def project() -> tables.Project:
    return rows.make_project()


@pytest.fixture
def curator(project: tables.Project) -> Actor:
    return rows.make_actor(project, Role.curator)


def num_sets() -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(tables.PromptSet)) or 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.jsonl", b"", "empty"),
        ("blank.csv", b"\xef\xbb\xbf \n\n", "empty"),
        ("wide.jsonl", '{"prompt": "x"}'.encode("utf-16")[:-1], "UTF-16"),
        ("a.zip", b"PK\x03\x04" + b"\x00" * 50, "zip archive"),
        ("a.gz", b"\x1f\x8b" + b"\x00" * 50, "gzip"),
        ("a.bin", b"\x7fELF\x00\x00", "not a text file"),
        ("cut.parquet", b"PAR1" + b"\x15\x04" * 50, "cannot be read as Parquet"),
        ("cut.json", b'[{"prompt": "a"},\n{"prompt": "b"', "line 2"),
        ("all_bad.jsonl", b"{x\n{y\n", "has no row that can be read. Line 1: broken JSON"),
        ("no_text.jsonl", b'{"prompt": ""}\n' * 3, "3 bad rows"),
        ("open.csv", b'prompt,answer\na,b\n"c,d\n' + b"e,f\n" * 1000, "quote opened in the row on line 3"),
        ("twice.csv", b"prompt,prompt\na,b\n", "each once"),
        ("no_prompt.csv", b"who,what\na,b\n", "Choose the column"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(
    project: tables.Project, curator: Actor, name: str, content: bytes, words: str
) -> None:
    path = put(name, content)
    with pytest.raises(InvalidInput, match=words):
        prompts.import_file(curator, project.id, "x", path)
    assert num_sets() == 0
    assert list((settings().folder / "tmp").glob("*")) == []


def test_rows_of_a_csv_keep_their_line_when_ragged_or_in_another_encoding(
    project: tables.Project, curator: Actor
) -> None:
    content = (
        b'prompt;answer\r\n"two\r\nlines";1\r\nshort\r\nlong;1;2\r\n' + "café;3\r\n".encode("latin-1") + b"last;4\r\n"
    )
    report = prompts.import_file(curator, project.id, "csv", put("a.csv", content))
    assert texts(curator, report.sets[0].id) == ["two\r\nlines", "last"]
    assert {p.line: p.reason.split(",")[0] for p in report.problems} == {
        4: "1 fields",
        5: "3 fields",
        6: "the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8",
    }


def test_hostile_text_is_stored_as_it_is(project: tables.Project, curator: Actor) -> None:
    content = lines(*({"prompt": text, "answer": text[:50], "note": {"deep": [text[:50]]}} for text in HOSTILE))
    report = prompts.import_file(curator, project.id, "<b>hostile</b>", put("a.jsonl", content))
    assert report.num_bad == 0
    assert texts(curator, report.sets[0].id) == HOSTILE
    prompt = prompts.longest(curator, [report.sets[0].id])
    assert prompt is not None
    assert prompt.messages[-1]["content"] == HOSTILE[-1]


def test_a_row_over_the_limit_is_skipped_and_the_next_one_read(project: tables.Project, curator: Actor) -> None:
    content = lines(
        {"prompt": "x" * 9_000_000}, {"prompt": "next"}, {"prompt": "half \ud800"}, {"prompt": "last", "w": "\x00"}
    )
    content = content.replace("\ud800", "\\ud800")
    report = prompts.import_file(curator, project.id, "big", put("a.jsonl", content))
    assert texts(curator, report.sets[0].id) == ["next"]
    assert next(p.reason.split(";")[0] for p in report.problems) == "longer than 8 MB"
    assert [p.line for p in report.problems] == [1, 3, 4]


def test_one_bad_row_refuses_all_when_asked(project: tables.Project, curator: Actor) -> None:
    name = put("a.jsonl", lines({"prompt": "a"}, {"text": "b"}))
    with pytest.raises(InvalidInput, match="Line 2: column 'prompt' is missing"):
        prompts.import_file(curator, project.id, "x", name, on_bad="refuse")
    assert num_sets() == 0


def test_a_path_outside_the_imports_folder_is_for_the_command_line_only(
    project: tables.Project, curator: Actor, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_text(lines({"prompt": "a"}))
    put("x.jsonl", lines({"prompt": "a"}))
    (settings().folder / "imports" / "link.jsonl").symlink_to(secret)
    for path in (str(secret), "../../secret.jsonl", "link.jsonl"):
        with pytest.raises(InvalidInput, match="outside the folder"):
            prompts.import_file(curator, project.id, "x", path)
    shell = Actor(curator.user_id, curator.name, via="cli")
    assert prompts.import_file(shell, project.id, "x", secret).num_imported == 1
    assert prompts.import_file(curator, project.id, "y", secret, uploaded=True).num_imported == 1
    with pytest.raises(NotFound, match=r"no file nothing\.jsonl"):
        prompts.preview(curator, project.id, "nothing.jsonl")


def test_nothing_is_left_when_writing_fails_in_the_middle(
    project: tables.Project, curator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.services.prompts import writer

    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 10)
    name = put("a.jsonl", lines(*({"prompt": f"p{i}"} for i in range(25))))
    write, calls = writer.Writer.write, []

    def fails_late(self: writer.Writer, arrival: Arrival, chunk: list[staging.StagedRow]) -> None:
        calls.append(len(chunk))
        if len(calls) == 3:
            raise RuntimeError("the power went")
        write(self, arrival, chunk)

    monkeypatch.setattr(writer.Writer, "write", fails_late)
    with pytest.raises(RuntimeError):
        prompts.import_file(curator, project.id, "x", name)
    assert calls == [10, 10, 5]
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Prompt)) == 0
    assert num_sets() == 0


@pytest.mark.parametrize(("size", "text"), [(20_000, 10**9), (7, 10**9), (20_000, 100)])
def test_chunks_are_one_import_whatever_their_size(
    project: tables.Project, curator: Actor, monkeypatch: pytest.MonkeyPatch, size: int, text: int
) -> None:

    monkeypatch.setattr(staging, "ROWS_AT_ONCE", size)
    monkeypatch.setattr(staging, "TEXT_AT_ONCE", text)
    values = [f"p{i} {HOSTILE[i % 5]} \\N \\. \t\r\n" for i in range(60)]
    rows.make_prompt_set(project, "measured", prompts=[values[13], values[59]], split=Split.held_out)
    content = "".join(lines({"prompt": v, "answer": v, "note": v}, {"prompt": v}) for v in values) + "{x\n"
    report = prompts.import_file(curator, project.id, "whole", put("a.jsonl", content))
    assert (report.num_bad, report.num_duplicates, report.num_overlaps) == (1, 60, 2)
    assert [p.line for p in report.problems if p.kind == "overlap"] == [27, 119]
    assert [p.line for p in report.problems if p.kind == "duplicate"] == [2 * i + 2 for i in range(60)]
    page = prompts.browse(curator, report.sets[0].id, limit=200)
    assert [r.position for r in page.rows] == list(range(58))
    assert [r.id for r in page.rows] == sorted(r.id for r in page.rows)
    assert [r.text for r in page.rows] == [v for i, v in enumerate(values) if i not in (13, 59)]
    assert [(r.answer, r.extra) for r in page.rows] == [(r.text, {"note": r.text}) for r in page.rows]
    assert [r.text for r in prompts.browse(curator, report.sets[0].id, search="p17").rows] == [values[17]]
    person = rows.make_actor(other := rows.make_project(), Role.curator)
    parted = prompts.import_file(person, other.id, "parts", "a.jsonl", held_out_share=0.3, seed=5)
    train, held_out = (texts(person, entry.id) for entry in parted.sets)
    assert sorted(train + held_out) == sorted(values)
    drawn = [1, 2, 5, 7, 8, 16, 17, 20, 21, 23, 25, 34, 36, 38, 39, 41, 44, 55, 56, 57, 58]
    assert [values.index(v) for v in held_out] == drawn, "the same seed, the same prompts, in every version"


def test_what_a_chunk_holds_is_bounded_by_its_text_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.services.prompts.mapping import Mapping

    monkeypatch.setattr(staging, "TEXT_AT_ONCE", 5000)
    target = tmp_path / "rows"
    with row_problems.problem_file(tmp_path / "problems") as problems, target.open("wb") as out:
        given = ((i, {"prompt": f"{i} " + "x" * 1000}) for i in range(10))
        assert staging.Stager(Mapping(prompt="prompt"), problems).stage(given, out) == 10
    assert [len(chunk) for chunk in staging.staged(target)] == [3, 3, 3, 1]
