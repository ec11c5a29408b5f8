"""The schema goes down to each revision and up again with rows in every table, and keeps what both sides know."""

import pytest
from sqlalchemy import func, insert, select, text

import migrations
from backend.db import now, reading, session, tables
from backend.db.session import write_engine
from backend.db.slugs import slug_of
from backend.services.access import Actor
from tests import rows
from tests.integration.walking import World, make_world

MADE_BY_0005 = {"imported_completions"}
MADE_BY_0003 = {"events", "presences", "assignments", "gold_items", "leases", "worths"}


def fill(world: World) -> None:
    """Rows in what reviewing in a team added, beside those of the world."""
    ids = world.ids
    place = {"sample_id": ids["sample_id"], "round_id": ids["round_id"]}
    member = Actor(ids["user_id"], "member")
    with reading() as db:
        sample = db.get_one(tables.Sample, ids["sample_id"])
    rows.make_decision(sample, member, "prefer", value={"tie": [sample.id]}, mode="group")
    with session() as db:
        db.execute(insert(tables.Lease).values(place | {"slot": 0, "user_id": member.user_id, "expires_at": now()}))
        db.execute(
            insert(tables.GoldItem).values(place | {"verdict": "accept", "reason": "known", "created_at": now()})
        )
        db.execute(insert(tables.Worth).values(place | {"worth": 0.5, "why": "cut"}))
        db.get_one(tables.Job, ids["job_id"]).losses = 3
        of = {"prompt_id": sample.prompt_id, "position": 9, "text": "brought"}
        db.add(tables.ImportedCompletion(**of, extra={"chosen": True}))
        made = tables.Sample(
            project_id=sample.project_id, round_id=sample.round_id, group_id=sample.group_id, kind="import",
            finish_reason="stop", num_tokens=1, seed=0, extra={"chosen": True}, **of,
        )  # fmt: skip
        db.add(made)
        db.flush()
        db.add(tables.Label(sample_id=made.id, round_id=sample.round_id, kind="import", updated_at=now()))
        db.get_one(tables.Sample, sample.id).reasoning = "hm"
        left = {"project_id": sample.project_id, "round_id": sample.round_id, "stage": "generate", "item": "1/-/-/-"}
        left |= {"group_id": sample.group_id, "prompt_id": sample.prompt_id, "kind": "filter", "reason": "filtered"}
        db.add(tables.LeftOut(**left))


def counts() -> dict[str, int]:
    with reading() as db:
        return {
            table.name: db.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.Base.metadata.sorted_tables
        }


def keys() -> list[int]:
    with reading() as db:
        return list(db.scalars(select(tables.Prompt.text_key).order_by(tables.Prompt.id)))


def decisions() -> list[tuple]:
    with reading() as db:
        row = tables.Decision
        query = select(row.id, row.client_id, row.sample_id, row.user_id, row.kind, row.score, row.value)
        return [tuple(one) for one in db.execute(query.order_by(row.id))]


@pytest.mark.parametrize("revision", ["0004", "0003", "0002", "0001"])
def test_down_to_a_revision_and_up_again_keeps_the_rows(database: str, revision: str) -> None:
    world = make_world()
    fill(world)
    before, said, told = counts(), decisions(), keys()
    assert all(told)
    assert said
    assert all(before[name] for name in ("gold_items", "leases", "worths", "decisions", "labels", "examples", "jobs"))
    write_engine().dispose()
    migrations.downgrade(revision, database)
    migrations.upgrade(database)
    gone = {"failures"} | MADE_BY_0005 | (MADE_BY_0003 if revision < "0003" else set())
    assert counts() == {name: 0 if name in gone else number for name, number in before.items()}
    assert decisions() == said
    assert keys() == told
    with reading() as db:
        imported = db.scalars(select(tables.Sample).where(tables.Sample.kind == "import")).one()
        assert (imported.text, imported.checkpoint_id, imported.extra) == ("brought", None, {})
        assert db.get_one(tables.Job, world.ids["job_id"]).losses == (3 if revision == "0004" else 0)


def test_projects_from_before_addresses_get_the_ones_that_new_projects_would_get(database: str) -> None:
    """The oldest gets the plain slug, later ones of the same words a number; a name without letters is `project`."""
    names = ["Sums", "sums!", "SUMS ", "数学 1", "¿?", "…", "Café au lait"]
    made = [rows.make_project(f"before {place}").id for place in range(len(names))]
    write_engine().dispose()
    migrations.downgrade("0011", database)
    with write_engine().begin() as db:
        for project_id, name in zip(made, names, strict=True):
            db.execute(text("UPDATE projects SET name = :name WHERE id = :id"), {"name": name, "id": project_id})
    write_engine().dispose()
    migrations.upgrade(database)
    with reading() as db:
        slugs = list(db.scalars(select(tables.Project.slug).order_by(tables.Project.id)))
    assert slugs == ["sums", "sums-2", "sums-3", "数学-1", "project", "project-2", "café-au-lait"]
    assert [slug_of(name) for name in names] == ["sums"] * 3 + ["数学-1", "project", "project", "café-au-lait"]
