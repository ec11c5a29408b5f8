"""Lines of JSON that SQLite puts together: byte for byte what Python writes of the same rows."""

from collections.abc import Sequence
from itertools import chain, cycle
from typing import Any

import pytest

from backend.db import reading, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.row_files import as_json
from backend.services import samples
from backend.services.access import Actor
from backend.services.samples import export_lines, export_rows, exports, visibility
from backend.services.samples.exports import ExportRequest
from backend.values import DecisionKind, RoundStatus, Verdict
from tests import hostile, rows
from tests.integration.reviewing import ACCEPT, Team

TEXTS = [
    *("".join(map(chr, range(start, start + 64))) for start in range(1, 0x280, 64)),
    *("\u2028\u2029\ufeff\ufffd\U0001f600\U0010ffff", "", " ", "\\", '\\"', "\\u0000", "\r\n", "{}"),
    *("null", "[1]", '{"a": 1}', "%s %d %% %", "?", ":name", "IN (-1)", "'; DROP TABLE samples; --", "x" * 70_000),
    # No database keeps a NUL character, and none is let in.
    *(text for text in chain(hostile.LETTERS, hostile.CELLS, hostile.JSON_KEYS) if "\x00" not in text),
]
NUMBERS = [
    *(0.0, -0.0, 1.0, -1.0, 5.0, 2.5, -2.5, 0.1, 1 / 3, 14 / 3, 1e-4, 1e-5, 5e-324, 2.2250738585072014e-308),
    *(999_999_999_999_999.0, 1e15, -1e15, 1e15 + 2, 1e16, 2.0**53, 2.0**63, -(2.0**63), 1e22, 1.7976931348623157e308),
    *(float("inf"), float("-inf"), None, 100_000.0, 123_456.789, 1e-7),
]


def hostile_team() -> Team:
    """Every column that an export reads holds every text or number in some row."""
    team = Team(prompts=len(TEXTS) // 2 + 1, n=2)
    texts, numbers = cycle(TEXTS), cycle(NUMBERS)
    elsewhere = rows.make_checkpoint(rows.make_project())
    with session() as db:
        db.get_one(tables.User, team.curator.user_id).name = 'Ann "\\\t\u2028 %s'
        db.get_one(tables.Checkpoint, team.round.policy_id).name = "IN (-1) ' \" \x01 %s"
        round_ = db.get_one(tables.Round, team.round.id)
        round_.recipe = round_.recipe | {"name": "IN (-1) '\x01\" ? %s é"}
        for prompt in db.query(tables.Prompt):
            prompt.messages = [{"role": "user", "content": next(texts)}]
            prompt.extra, prompt.answer = {next(texts): [next(texts), 1e16, None]}, next(texts)
            prompt.external_id = f"{next(texts)[:200]}{prompt.id}"
        for number, group in enumerate(db.query(tables.Group)):
            group.messages = [{"role": "user", "content": next(texts)}] if number % 3 else None
            group.answer, group.is_stripped = next(texts) if number % 2 else None, number % 4 == 1
        for number, sample in enumerate(db.query(tables.Sample)):
            sample.text, sample.reasoning = next(texts), next(texts) if number % 3 else None
            sample.role, sample.finish_reason = next(texts)[:40], next(texts)[:16]
            sample.extra = {next(texts): next(texts)} if number % 2 else {}
            sample.turns = [{"role": "user", "content": next(texts)}] if number % 5 == 0 else None
            sample.logprob, sample.seed = next(numbers), 2**62 - number
            sample.author_id = team.curator.user_id if number % 7 == 0 else None
            sample.checkpoint_id = None if number % 11 == 0 else sample.checkpoint_id
        for number, label in enumerate(db.query(tables.Label)):
            label.score, label.machine_score, label.machine_spread = next(numbers), next(numbers), next(numbers)
            label.is_unparsed, label.is_flagged = number % 2 == 0, number % 3 == 0
            label.verdict = [None, Verdict.accept, Verdict.reject][number % 3]
        for number, judgment in enumerate(db.query(tables.Judgment)):
            judgment.score, judgment.rationale, judgment.raw = next(numbers), next(texts), next(texts)
            judgment.template_hash, judgment.reasoning = next(texts)[:64], next(texts) if number % 2 else None
            judgment.checkpoint_id = elsewhere.id if number % 5 == 0 else judgment.checkpoint_id
    team.act("ann", team.ids[0], DecisionKind.flag, note=TEXTS[0])
    team.act("ann", team.ids[2], ACCEPT, note=TEXTS[10])
    team.act("ann", team.ids[4], DecisionKind.edit, text=TEXTS[1])
    rows.make_judgments(team.samples[:9], judge='second "judge" \\', votes=3)
    return team


def by_python(actor: Actor, team: Team, ids: Sequence[int]) -> bytes:
    with reading() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        kept = visibility.hidden(db, actor, round_)
        names = export_rows.Names.of(db, team.project.id)
        write = as_json(export_rows.columns("jsonl"))
        return "".join(f"{write(row)}\n" for row in export_rows.rows(db, actor, round_, kept, ids, names)).encode()


def exported(actor: Actor, team: Team, **wishes: Any) -> bytes:
    export_file = exports.export(actor, team.project.id, ExportRequest((team.round.id,), **wishes))
    export_file.release()
    content = export_file.path.read_bytes()
    export_file.path.unlink()
    return content


def are_possible(actor: Actor, team: Team) -> bool:
    with reading() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        return export_lines.are_possible(db, actor, round_, visibility.hidden(db, actor, round_))


@pytest.mark.on_sqlite
def test_a_line_of_sqlite_is_the_line_of_python(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    team = hostile_team()
    with reading() as db:
        ids = [row.sample_id for row in db.query(tables.Label).order_by(tables.Label.sample_id)]
    assert are_possible(team.curator, team)
    expected = by_python(team.curator, team, ids)
    assert expected.count(b"\n") == len(ids)
    assert exported(team.curator, team) == expected
    monkeypatch.setattr(export_rows, "ROWS_AT_ONCE", 7)
    assert exported(team.curator, team) == expected
    back = exported(team.curator, team, sort=Sort(SortKey.id, descending=True))
    assert back == by_python(team.curator, team, ids[::-1])
    filters = Filters(verdict=("accept",), is_flagged=True)
    kept = [row.id for row in samples.page(team.curator, team.round.id, filters, limit=200).rows]
    assert 0 < len(kept) < len(ids)
    assert sorted(exported(team.curator, team, filters=filters).splitlines()) == sorted(
        by_python(team.curator, team, kept).splitlines()
    )


@pytest.mark.on_sqlite
def test_what_is_hidden_is_left_to_python_until_it_is_shown(database: str) -> None:
    team = hostile_team()
    bob = team.who("bob")
    assert not are_possible(bob, team)
    with reading() as db:
        ids = [row.sample_id for row in db.query(tables.Label).order_by(tables.Label.sample_id)]
    assert exported(bob, team) == by_python(bob, team, ids) != by_python(team.curator, team, ids)
    with session() as db:
        db.get_one(tables.Round, team.round.id).status = RoundStatus.done
    assert are_possible(bob, team)
    assert exported(bob, team) == by_python(bob, team, ids) == exported(team.curator, team)
