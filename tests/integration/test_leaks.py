"""What is held out is not trained on, however it is spelled; and what an import merged or moved is said."""

from pathlib import Path

import pytest

from backend.db import tables
from backend.errors import InvalidInput
from backend.services import prompts
from backend.services.access import Actor
from backend.services.prompts import Mapping
from backend.values import Role, Split
from tests import rows
from tests.importing import lines, put, texts

pytestmark = pytest.mark.usefixtures("database")
LONG = "Wie lang ist die Elbe?"
FOUND = Path(__file__).parents[1] / "data" / "found"


@pytest.fixture
def project() -> tables.Project:
    return rows.make_project()


@pytest.fixture
def curator(project: tables.Project) -> Actor:
    return rows.make_actor(project, Role.curator)


def stored_file(name: str) -> str:
    return put(name, (FOUND / name).read_bytes())


@pytest.mark.parametrize(("name", "number"), [("leak_train.jsonl", 9), ("leak_train_sys.jsonl", 2)])
def test_every_spelling_of_a_held_out_prompt_is_left_out(
    project: tables.Project, curator: Actor, name: str, number: int
) -> None:
    prompts.import_file(curator, project.id, "held", stored_file("leak_held.jsonl"), split=Split.held_out)
    with pytest.raises(InvalidInput, match=f"{number} overlaps"):
        prompts.import_file(curator, project.id, "train", stored_file(name))
    beside = put(
        "beside.jsonl",
        (FOUND / name).read_text()
        + lines({"prompt": LONG} if name == "leak_train.jsonl" else {"messages": [{"role": "user", "content": LONG}]}),
    )
    report = prompts.import_file(curator, project.id, "train", beside)
    assert (report.num_imported, report.num_overlaps) == (1, number)
    back = prompts.import_file(
        curator,
        project.id,
        "held 2",
        put("b.jsonl", lines({"prompt": "WIE LANG\u00a0ist die\tElbe\u200b? "}, {"prompt": "And the Rhine?"})),
        split=Split.held_out,
    )
    assert (back.num_imported, back.num_overlaps) == (1, 1)


def test_spellings_of_one_prompt_do_not_part_in_one_import(project: tables.Project, curator: Actor) -> None:
    spelled = [{"prompt": f"Which river is number {i}?{' ' * n}"} for i in range(40) for n in range(3)]
    report = prompts.import_file(
        curator, project.id, "all", put("a.jsonl", lines(*spelled)), held_out_share=0.3, seed=1
    )
    train, held = ({t.strip() for t in texts(curator, s.id)} for s in report.sets)
    assert held
    assert not train & held
    assert report.num_overlaps + report.num_imported == 120
    assert {p.kind for p in report.problems} == {"overlap"}


def test_near_duplicates_across_the_splits_are_a_warning_with_their_line(
    project: tables.Project, curator: Actor
) -> None:
    text = "Please explain in two or three short sentences why the river Elbe flows from the mountains to the North Sea"
    prompts.import_file(curator, project.id, "held", put("h.jsonl", lines({"prompt": text})), split=Split.held_out)
    values = [{"prompt": text + " today"}, {"prompt": "Name a lake"}, {"prompt": text.replace("Elbe", "Rhine 7")}]
    report = prompts.import_file(curator, project.id, "train", put("t.jsonl", lines(*values)))
    assert (report.num_imported, report.num_near) == (3, 1)
    (near,) = report.problems
    assert (near.line, near.kind) == (1, "near duplicate")
    assert "'held'" in near.reason
    assert prompts.report(curator, report.sets[0].id) == report


def test_a_share_that_makes_no_held_out_set_is_said(project: tables.Project, curator: Actor) -> None:
    replies = []
    for seed in range(40):
        name = f"small {seed}"
        report = prompts.import_file(
            curator, rows_project(curator).id, name, stored_file("leak_small2.jsonl"), held_out_share=0.5, seed=seed
        )
        if len(report.sets) == 1:
            replies.append((report.sets[0].split, report.notes))
    assert replies
    assert all(
        f"No prompt fell into the {'held-out' if split is Split.train else 'train'} share" in notes[0]
        for split, notes in replies
    )


def rows_project(person: Actor) -> tables.Project:
    from backend.db import session

    project = rows.make_project()
    with session() as db:
        db.add(tables.Membership(project_id=project.id, user_id=person.user_id, role=Role.curator))
    return project


def test_a_column_that_comes_late_has_its_role(project: tables.Project, curator: Actor) -> None:
    report = prompts.import_file(curator, project.id, "late", stored_file("late_answer_column.jsonl"))
    page = prompts.browse(curator, report.sets[0].id, cursor=report.num_imported - 3)
    assert [row.answer for row in page.rows if row.answer is not None]
    assert all(row.extra == {} for row in page.rows)


def late(number: int, **last: object) -> str:
    return put("late.jsonl", lines(*({"prompt": f"q{i}"} for i in range(number)), {"prompt": "last", **last}))


def test_a_column_behind_all_that_was_scanned_changes_the_format_or_is_refused(
    project: tables.Project, curator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.services.prompts import file_preview

    monkeypatch.setattr(file_preview, "PREVIEW_ROWS", 5)
    monkeypatch.setattr(file_preview, "SCANNED_ROWS", 5)
    report = prompts.import_file(curator, project.id, "late", late(30, answer="x", page=3))
    row = prompts.browse(curator, report.sets[0].id, cursor=29).rows[0]
    assert (row.answer, row.extra) == ("x", {"page": 3})
    with pytest.raises(InvalidInput, match="Line 31 is the first with a column 'answer'"):
        prompts.import_file(curator, project.id, "b", late(30, answer="x"), mapping=Mapping(prompt="prompt"))
    with pytest.raises(InvalidInput, match="no column 'target'"):
        prompts.import_file(curator, project.id, "b", late(30), mapping=Mapping(prompt="prompt", answer="target"))
    other = prompts.import_file(
        curator, project.id, "c", late(30, page=3), mapping=Mapping(prompt="prompt", metadata=())
    )
    assert other.notes == ("Column 'page' is first on line 31: dropped, since the mapping does not name it",)


def test_equal_rows_of_a_one_line_array_are_told_apart(project: tables.Project, curator: Actor) -> None:
    report = prompts.import_file(
        curator, project.id, "one", put("a.json", '[{"prompt":"a"},{"prompt":"a"},{"prompt":"b","prompt":"c"}]')
    )
    assert (report.num_imported, report.num_duplicates, report.num_bad) == (1, 1, 1)
    assert [(p.line, p.reason.split(";")[0]) for p in report.problems] == [
        (2, "the same prompt as on row 1"),
        (3, "the key 'prompt' stands twice in one object"),
    ]


def test_rows_of_one_prompt_are_merged_and_nothing_of_them_is_lost(project: tables.Project, curator: Actor) -> None:
    pairs = [
        {"prompt": "Name a river", "chosen": "Elbe", "rejected": "Alps", "by": "ann"},
        {"prompt": "Name a sea", "chosen": "Baltic", "rejected": "Rhine", "by": "ann"},
        {"prompt": "Name a river", "chosen": "Rhine", "rejected": "Sea", "by": "bob"},
        {"prompt": "Name a river", "chosen": "Elbe", "rejected": "Alps", "by": "ann"},
    ]
    report = prompts.import_file(curator, project.id, "pairs", put("p.jsonl", lines(*pairs)))
    assert (report.num_imported, report.num_completions, report.num_merged, report.num_duplicates) == (2, 6, 1, 1)
    river, sea = prompts.browse(curator, report.sets[0].id).rows
    assert [
        (completion.text, completion.extra["chosen"], completion.extra["row"]) for completion in river.completions
    ] == [
        ("Elbe", True, 1),
        ("Alps", False, 1),
        ("Rhine", True, 3),
        ("Sea", False, 3),
    ]
    assert river.completions[2].extra["metadata"] == {"by": "bob"}
    assert len(sea.completions) == 2
