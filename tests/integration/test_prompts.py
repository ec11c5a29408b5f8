"""Prompt sets from file to rows, on both databases."""

import json

import pytest
from sqlalchemy import func, select, text

from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied, RondoError
from backend.services import prompts
from backend.services.access import Actor
from backend.services.prompts import Mapping, staging
from backend.values import Role, Split
from tests import rows
from tests.importing import lines, put, texts

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def project() -> tables.Project:
    return rows.make_project()


@pytest.fixture
def curator(project: tables.Project) -> Actor:
    return rows.make_actor(project, Role.curator)


def test_import_keeps_good_rows_and_names_the_bad_ones(project: tables.Project, curator: Actor) -> None:
    name = put(
        "mixed.jsonl",
        lines({"prompt": "one", "answer": 1, "level": "easy"})
        + "{broken\n"
        + lines({"prompt": ""}, {"prompt": "two\x00"}, {"prompt": "three"}, {"prompt": "one"}),
    )
    report = prompts.import_file(curator, project.id, "mixed", name)
    assert [(s.name, s.split, s.num_prompts) for s in report.sets] == [("mixed", Split.train, 2)]
    assert (report.num_rows, report.num_bad, report.num_duplicates, report.num_overlaps) == (6, 3, 1, 0)
    by_line = {p.line: p.reason for p in report.problems}
    assert sorted(by_line) == [2, 3, 4, 6]
    assert by_line[2].startswith("broken JSON")
    assert "empty" in by_line[3]
    assert "NUL" in by_line[4]
    assert by_line[6] == "the same prompt as on line 1"
    page = prompts.browse(curator, report.sets[0].id)
    assert [(r.position, r.text, r.answer, r.extra) for r in page.rows] == [
        (0, "one", "1", {"level": "easy"}),
        (1, "three", None, {}),
    ]
    assert page.rows[0].messages == [{"role": "user", "content": "one"}]
    assert page.next is None


def test_report_is_there_again_later_with_every_row_in_the_file(project: tables.Project, curator: Actor) -> None:
    bad = [f"{{bad {i}" for i in range(500)]
    name = put("bad.jsonl", lines({"prompt": "good"}) + "\n".join(bad) + "\n")
    report = prompts.import_file(curator, project.id, "few", name)
    assert report.num_bad == 500
    assert len(report.problems) == 200
    again = prompts.report(curator, report.sets[0].id)
    assert again == report
    written = prompts.problems_file(curator, report.sets[0].id).read_text().splitlines()
    assert len(written) == 501
    assert written[500].startswith("501,bad row,broken JSON")


def test_hash_is_that_of_the_canonical_json(project: tables.Project, curator: Actor) -> None:
    report = prompts.import_file(curator, project.id, "s", put("a.jsonl", lines({"prompt": 'é "q" \\ \n🙂'})))
    with reading() as db:
        row = db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id == report.sets[0].id)).one()
    assert row.content_hash == rows.content_hash(row.messages)
    assert row.created_at.tzinfo is not None


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
def test_each_format_gives_the_same_rows(project: tables.Project, curator: Actor, kind: str) -> None:
    values = [{"question": f'what, is\n"{i}"?', "target": str(i), "topic": "sums"} for i in range(300)]
    report = prompts.import_file(
        curator,
        project.id,
        kind,
        put(f"data.{kind}.txt", as_file(values, kind)),
        mapping=Mapping(prompt="question", answer="target"),
    )
    assert (report.num_rows, report.num_imported, report.num_bad) == (300, 300, 0)
    page = prompts.browse(curator, report.sets[0].id, cursor=298)
    assert [(r.text, r.answer, r.extra) for r in page.rows] == [('what, is\n"299"?', "299", {"topic": "sums"})]


def as_file(values: list[dict[str, str]], kind: str) -> str | bytes:
    if kind == "jsonl":
        return "\ufeff" + lines(*values).replace("\n", "\r\n")
    if kind == "json":
        return json.dumps(values, indent=1)
    if kind == "csv":
        quoted = [",".join('"' + v.replace('"', '""') + '"' for v in row.values()) for row in values]
        return "\ufeff" + "\r\n".join([",".join(values[0]), *quoted])
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(values), out)
    return out.getvalue()


def test_messages_end_with_the_answer_or_with_the_user(project: tables.Project, curator: Actor) -> None:
    user, system = {"role": "user", "content": "hi"}, {"role": "system", "content": "be kind"}
    reply = {"role": "assistant", "content": "hello"}
    name = put(
        "chat.jsonl",
        lines(
            {"messages": [system, user, reply]},
            {"messages": [user, reply, {"role": "user", "content": "again"}]},
            {"messages": [user, user]},
            {"messages": [system]},
            {"messages": [{"role": "robot", "content": "hi"}]},
            {"messages": [{"role": "user", "content": " "}]},
            {"messages": [user, reply | {"tool_calls": [1]}]},
            {"messages": []},
            {"messages": "hi"},
        ),
    )
    report = prompts.import_file(curator, project.id, "chat", name)
    page = prompts.browse(curator, report.sets[0].id)
    assert [(r.messages, r.answer) for r in page.rows] == [
        ([system, user], "hello"),
        ([user, reply, {"role": "user", "content": "again"}], None),
    ]
    assert [p.line for p in report.problems] == [3, 4, 5, 6, 7, 8, 9]
    reasons = " | ".join(p.reason for p in report.problems)
    for part in (
        "message 2 has role 'user' where 'assistant' is due",
        "no user message",
        "role 'robot'",
        "no text",
        "tool_calls",
    ):
        assert part in reasons


def test_split_depends_on_seed_and_prompt_only(project: tables.Project, curator: Actor) -> None:
    values = [{"prompt": f"p{i}"} for i in range(400)]
    first = prompts.import_file(curator, project.id, "a", put("a.jsonl", lines(*values)), held_out_share=0.25, seed=7)
    assert [s.name for s in first.sets] == ["a", "a held out"]
    assert [s.split for s in first.sets] == [Split.train, Split.held_out]
    assert 60 <= first.sets[1].num_prompts <= 140
    assert first.num_imported == 400
    other = rows.make_project()
    person = rows.make_actor(other, Role.curator)
    turned = put("b.jsonl", lines(*reversed(values)))
    second = prompts.import_file(person, other.id, "a", turned, held_out_share=0.25, seed=7)
    third = prompts.import_file(person, rows_project(person).id, "a", turned, held_out_share=0.25, seed=8)
    held = [set(texts(a, r.sets[1].id)) for a, r in ((curator, first), (person, second), (person, third))]
    assert held[0] == held[1] != held[2]


def rows_project(person: Actor) -> tables.Project:
    """Another project the person is a curator of."""
    from backend.db import session

    project = rows.make_project()
    with session() as db:
        db.add(tables.Membership(project_id=project.id, user_id=person.user_id, role=Role.curator))
    return project


@pytest.mark.parametrize(("split", "there"), [(Split.train, Split.held_out), (Split.held_out, Split.train)])
def test_a_prompt_of_the_other_split_is_left_out(
    project: tables.Project, curator: Actor, split: Split, there: Split
) -> None:
    rows.make_prompt_set(project, "older", prompts=["two"], split=there)
    rows.make_prompt_set(rows.make_project(), "elsewhere", prompts=["one"], split=there)
    name = put("a.jsonl", lines({"prompt": "one"}, {"prompt": "two"}))
    report = prompts.import_file(curator, project.id, "new", name, split=split)
    assert texts(curator, report.sets[0].id) == ["one"]
    assert report.num_overlaps == 1
    assert report.problems[0].line == 2
    assert "'older'" in report.problems[0].reason


def test_names_are_taken_once(project: tables.Project, curator: Actor) -> None:
    name = put("a.jsonl", lines({"prompt": "a"}))
    prompts.import_file(curator, project.id, "set", name)
    with pytest.raises(Conflict, match="already a prompt set 'set'"):
        prompts.import_file(curator, project.id, " set ", name)
    with pytest.raises(InvalidInput, match="name is empty"):
        prompts.import_file(curator, project.id, " ", name)


def test_preview_shows_columns_guess_and_what_will_become_of_the_rows(project: tables.Project, curator: Actor) -> None:
    name = put(
        "a.jsonl", lines({"Text": "a", "completion": [{"role": "assistant", "content": "b"}], "level": 1}, {"Text": ""})
    )
    preview = prompts.preview(curator, project.id, name)
    assert preview.columns == ("Text", "completion", "level")
    assert preview.mapping == Mapping(prompt="Text", answer="completion", completion="completion")
    assert [(p.line, p.text, p.answer, p.reason) for p in preview.prompts] == [
        (1, "user: a", "b", ""),
        (2, "", None, "column 'Text' is empty"),
    ]
    assert [(fate.column, fate.role) for fate in preview.becomes] == [
        ("Text", "prompt"),
        ("completion", "answer, completion"),
        ("level", "metadata"),
    ]
    assert (preview.num_rows, preview.is_whole) == (2, True)
    assert preview.warnings == ("1 of the first 2 rows cannot be imported; the good ones can.",)
    assert prompts.list_sets(curator, project.id) == []
    other = prompts.preview(curator, project.id, name, mapping=Mapping(prompt="level"))
    assert other.prompts[0].reason == "column 'level' is a number, not text or a list of messages"
    assert prompts.importable(curator, project.id) == ["a.jsonl"]


def test_a_stray_row_with_messages_does_not_leave_out_the_rows_with_prompts(
    project: tables.Project, curator: Actor
) -> None:
    stray = {"messages": [{"role": "user", "content": "m"}]}
    name = put("stray.jsonl", lines({"prompt": "a"}, {"prompt": "b"}, {"prompt": "c"}, stray))
    preview = prompts.preview(curator, project.id, name)
    assert (preview.mapping.prompt, preview.mapping.messages) == ("prompt", None)
    assert prompts.import_file(curator, project.id, "three", name).num_imported == 3
    wrong = prompts.preview(curator, project.id, name, mapping=Mapping(messages="prompt"))
    assert wrong.warnings == ("4 of the first 4 rows cannot be imported; look at the columns chosen below.",)


def test_browse_pages_and_finds_words(project: tables.Project, curator: Actor) -> None:
    prompt_set = rows.make_prompt_set(
        project, prompts=[f"apple {i}" if i % 2 else f"pear {i} 50% off" for i in range(130)]
    )
    rows.make_prompt_set(project, prompts=["apple of another set"])
    view, cursor = [], None
    while True:
        page = prompts.browse(curator, prompt_set.id, search="APPLE", cursor=cursor, limit=20)
        view += [row.text for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert view == [f"apple {i}" for i in range(1, 130, 2)]
    assert [r.text for r in prompts.browse(curator, prompt_set.id, search="pear 4").rows] == ["pear 4 50% off"]
    assert prompts.browse(curator, prompt_set.id, search="nowhere").rows == ()
    assert len(prompts.browse(curator, prompt_set.id).rows) == 50


def test_an_import_in_many_parts_leaves_its_text_index_whole(
    project: tables.Project, curator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 3)
    given = [{"prompt": f"{'apple' if n % 2 else 'pear'} {n}"} for n in range(60)]
    report = prompts.import_file(curator, project.id, "many", put("many.jsonl", lines(*given)))
    hits = prompts.browse(curator, report.sets[0].id, search="apple").rows
    assert [row.text for row in hits] == [row["prompt"] for row in given[1::2]]
    with session() as db:
        if db.get_bind().dialect.name != "sqlite":
            return
        db.execute(text("INSERT INTO prompts_search(prompts_search, rank) VALUES ('integrity-check', 1)"))
        options = dict(db.execute(text("SELECT k, v FROM prompts_search_config")).tuples().all())
    assert (options["hashsize"], options["automerge"]) == (1 << 20, 4), "as before the import"


def test_delete_needs_an_admin_and_a_set_nobody_uses(project: tables.Project, curator: Actor) -> None:
    admin = rows.make_actor(project)
    report = prompts.import_file(curator, project.id, "free", put("a.jsonl", lines({"prompt": "a"})))
    used = rows.make_prompt_set(project)
    rows.make_round(project, sets=[used])
    with pytest.raises(PermissionDenied):
        prompts.delete_set(curator, report.sets[0].id)
    with pytest.raises(Conflict, match="1 round"):
        prompts.delete_set(admin, used.id)
    prompts.delete_set(admin, report.sets[0].id)
    assert [s.id for s in prompts.list_sets(curator, project.id)] == [used.id]
    assert prompts.list_sets(curator, project.id)[0].num_rounds == 1
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Prompt)) == 3
    assert list((settings().folder / "reports").glob("*")) == []


def test_strangers_learn_nothing_and_viewers_import_nothing(project: tables.Project, curator: Actor) -> None:
    prompt_set = rows.make_prompt_set(project)
    name = put("a.jsonl", lines({"prompt": "a"}))
    viewer, stranger = rows.make_actor(project, Role.reviewer), rows.make_actor()
    assert prompts.get(viewer, prompt_set.id).num_prompts == 3
    for call in (
        lambda: prompts.get(stranger, prompt_set.id),
        lambda: prompts.browse(stranger, prompt_set.id),
        lambda: prompts.report(stranger, prompt_set.id),
        lambda: prompts.problems_file(stranger, prompt_set.id),
        lambda: prompts.longest(stranger, [prompt_set.id]),
        lambda: prompts.delete_set(stranger, prompt_set.id),
    ):
        with pytest.raises(NotFound, match=f"no prompt set {prompt_set.id}"):
            call()
    with pytest.raises(PermissionDenied):
        prompts.import_file(viewer, project.id, "x", name)
    with pytest.raises(RondoError):
        prompts.preview(stranger, project.id, name)


def test_what_a_number_means_is_decided_for_the_whole_file(project: tables.Project, curator: Actor) -> None:
    words = [f"w{n}" for n in range(4)]
    values = [{"question": f"Q{n}?", "choices": words, "answer": 1 + n % 3} for n in range(1_500)]
    values += [{"question": "Last?", "choices": words, "answer": 4}]
    report = prompts.import_file(curator, project.id, "set", put("late.jsonl", lines(*values)))
    assert report.num_bad == 0
    assert "Answers given as numbers count the choices from 1" in report.notes
    records = prompts.browse(curator, report.sets[0].id, limit=4).rows
    assert [row.answer for row in records] == ["A", "B", "C", "A"]
