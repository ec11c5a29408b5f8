"""The text index follows the samples: in, out, and through the migration in both directions with rows in it."""

import json
from pathlib import Path

import pytest
from sqlalchemy import delete, inspect

import migrations
from backend.db import session, tables
from backend.db.filters import Filters
from backend.db.session import write_engine
from backend.services import samples
from backend.services.prompts import browse
from tests import rows


def numbers_of(actor, round_, **filters: str) -> list[int]:
    return [row.id for row in samples.page(actor, round_.id, Filters(**filters)).rows]  # type: ignore[arg-type]


def test_samples_are_found_once_written_and_gone_with_their_project(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project)
    prompts = rows.make_prompt_set(project, prompts=["count the frogs", "count the owls"])
    completions = rows.make_samples(
        round_, prompts, n=2, texts=["one frog", "Two Frogs!", "owl: hoot-hoot", ""], scores=[1.0]
    )
    other = rows.make_project()
    elsewhere = rows.make_samples(rows.make_round(other), rows.make_prompt_set(other, prompts=1), texts=["frogs"])
    assert numbers_of(actor, round_, text="frogs") == [completions[1].id]
    assert (
        numbers_of(actor, round_, text="hoot-hoot") == numbers_of(actor, round_, text="hoot owl") == [completions[2].id]
    )
    assert numbers_of(actor, round_, text='"hoot hoot"') == []
    assert numbers_of(actor, round_, prompt="OWLS") == [completions[2].id, completions[3].id]
    with session() as db:
        db.execute(delete(tables.Sample).where(tables.Sample.id == completions[1].id))
    assert numbers_of(actor, round_, text="frogs") == []
    with session() as db:
        db.execute(delete(tables.Project).where(tables.Project.id == other.id))
        if database.startswith("sqlite"):
            check = "INSERT INTO samples_search(samples_search, rank) VALUES ('integrity-check', 1)"
            db.connection().exec_driver_sql(check)
    assert elsewhere[0].id not in numbers_of(actor, round_, text="frog")


def test_the_migration_goes_both_ways_with_rows_in_it(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project)
    completions = rows.make_samples(
        round_, rows.make_prompt_set(project, prompts=1), n=2, texts=["a b", "b c"], scores=[1.0, 0.0]
    )
    before = numbers_of(actor, round_, text="b"), numbers_of(actor, round_, verdict=("accept",))
    write_engine().dispose()
    migrations.downgrade("0001", database)
    columns = {column["name"] for column in inspect(write_engine()).get_columns("labels")}
    assert not columns & {"facet", "score_key", "spread_key", "kind"}
    write_engine().dispose()
    migrations.upgrade(database)
    assert (
        (numbers_of(actor, round_, text="b"), numbers_of(actor, round_, verdict=("accept",)))
        == before
        == ([completions[0].id, completions[1].id], [completions[0].id])
    )


def test_a_megabyte_of_text_and_odd_characters_are_stored_and_found(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project)
    long = "needle " + " ".join(f"w{n}" for n in range(150_000))
    odd = "\u202eright\u202c 😀 e\u0301te\u0301 \x01\x1f " + "x" * 5_000
    completions = rows.make_samples(
        round_, rows.make_prompt_set(project, prompts=1), n=2, texts=[long, odd], scores=[1.0]
    )
    assert len(long) > 1_000_000
    assert numbers_of(actor, round_, text="needle w17") == [completions[0].id]
    assert numbers_of(actor, round_, text="right") == [completions[1].id]
    assert numbers_of(actor, round_, text="e\u0301te\u0301") == [completions[1].id]


WORDS = Path(__file__).parent.parent / "data/found/search_words.jsonl"
FOUND = [json.loads(line) for line in WORDS.read_text(encoding="utf-8").splitlines()]


def test_words_of_every_script_are_found_in_texts_that_hold_them(database: str) -> None:
    """Texts without blanks between words, decomposed accents, full-width letters, ligatures, joiners."""
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project)
    pairs = [(row["prompt"], row["search"]) for row in FOUND] + [
        ("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", "เมืองหลวง"),
        ("ຫຼວງພະບາງແມ່ນເມືອງມໍລະດົກ", "ເມືອງ"),
        ("ភ្នំពេញជារាជធានី", "រាជធានី"),
        ("東京タワーの高さは333mです", "333m"),
        ("わたしはカメラを買いました", "ｶﾒﾗ"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("re\u0301sume\u0301 of a cafe\u0301", "résumé"),
        ("an ef\ufb01cient ship", "efficient"),
        ("zero\u200bwidth joins", "zerowidth"),
        ("Straße nach Süden", '"STRAßE nach"'),
        ("Привет, мир!", "привет, МИР"),
        ("किताब पढ़ना अच्छा है", "किताब"),
        ("if x <= 3 && y != 4: return", "x <= 3 && y"),
        ("7*9-3=60", "7*9-3"),
        ("𠮷野家で食べる", "𠮷野"),
        ("اللغة العربية جميلة", "العربية"),
    ]
    prompts = rows.make_prompt_set(project, prompts=[text for text, _ in pairs])
    completions = rows.make_samples(round_, prompts, n=1, texts=[text for text, _ in pairs], scores=[1.0])
    for place, (_, query) in enumerate(pairs):
        assert completions[place].id in numbers_of(actor, round_, text=query), query
        assert completions[place].id in numbers_of(actor, round_, prompt=query), query
        assert place in [row.position for row in browse(actor, prompts.id, search=query).rows], query
    assert numbers_of(actor, round_, text="7-9*3") == []
    assert numbers_of(actor, round_, text="江长") == []


def test_a_search_for_signs_reads_the_prompts_page_by_page(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.services.prompts.CHECKED", 7)
    project = rows.make_project()
    actor = rows.make_actor(project)
    prompts = rows.make_prompt_set(project, prompts=[f"{n} {'=>' if n % 5 == 0 else '->'} x" for n in range(40)])
    view, cursor = [], None
    while True:
        page = browse(actor, prompts.id, search="=>", cursor=cursor, limit=3)
        view += [row.position for row in page.rows]
        if page.next is None:
            break
        cursor = page.next
    assert view == [0, 5, 10, 15, 20, 25, 30, 35]
