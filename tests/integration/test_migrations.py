"""The schema goes down to each revision and up again with rows in every table, and keeps what both sides know."""

import pytest
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError

import migrations
from backend.db import now, reading, session, tables
from backend.db.session import write_engine
from backend.db.slugs import slug_of
from backend.services import reviews
from backend.services.access import Actor
from backend.values import JobStatus, RoundStatus, Split, Stage
from tests import rows
from tests.integration.slots import Loop, texts
from tests.integration.walking import World, make_world

MADE_BY_0005 = {"imported_completions"}
NUMBERS = {"decided": 1, "overridden": 0, "overridden_labelled": 0}
MADE_BY_0003 = {"events", "presences", "assignments", "gold_items", "leases", "informativeness"}


def fill(world: World) -> None:
    """Rows in what reviewing in a team added, beside those of the world."""
    ids = world.ids
    place = {"sample_id": ids["sample_id"], "round_id": ids["round_id"]}
    member = Actor(ids["user_id"], "member")
    with reading() as db:
        sample = db.get_one(tables.Sample, ids["sample_id"])
    with session() as db:
        fields = {"client_id": "answered", "question_id": ids["question_id"], "user_id": member.user_id}
        db.add(tables.Answer(**fields, sample_id=sample.id, round_id=sample.round_id, value={"text": "fine"}))
        judged = {"question_id": ids["question_id"], "step": 3, "judge": "project_questions", "value": {"text": "so"}}
        db.add(tables.JudgeAnswer(**judged, sample_id=sample.id, round_id=sample.round_id))
    rows.make_decision(sample, member, "prefer", value={"tie": [sample.id]}, mode="group")
    with session() as db:
        db.execute(insert(tables.Lease).values(place | {"slot": 0, "user_id": member.user_id, "expires_at": now()}))
        db.execute(
            insert(tables.GoldItem).values(place | {"verdict": "accept", "reason": "known", "created_at": now()})
        )
        db.execute(insert(tables.Informativeness).values(place | {"informativeness": 0.5, "why": "cut"}))
        db.add(tables.RoundReviewer(round_id=ids["round_id"], user_id=member.user_id, quota=5, pause_reason="known"))
        db.add(tables.Tally(round_id=ids["round_id"], user_id=member.user_id, by_group=True, **NUMBERS))
        db.get_one(tables.Job, ids["job_id"]).losses = 3
        db.add(tables.Helper(job_id=ids["job_id"], attempt=1, workflow_id="helps", executor_id="host-1", done=2))
        db.add(tables.Batch(job_id=ids["job_id"], number=7, attempt=1, holder=1))
        of = {"prompt_id": sample.prompt_id, "position": 9, "text": "brought"}
        db.add(tables.ImportedCompletion(**of, extra={"chosen": True}))
        completion = tables.Sample(
            project_id=sample.project_id,
            round_id=sample.round_id,
            group_id=sample.group_id,
            kind="import",
            finish_reason="stop",
            num_tokens=1,
            seed=0,
            extra={"chosen": True},
            **of,
        )
        db.add(completion)
        db.flush()
        db.add(tables.Label(sample_id=completion.id, round_id=sample.round_id, kind="import", updated_at=now()))
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
        return [tuple(record) for record in db.execute(query.order_by(row.id))]


MADE_SINCE_0022 = {
    "warnings",
    "arenas",
    "arena_matches",
    "arena_votes",
    "endpoint_uses",
    "previews",
    "template_rewrites",
    "judge_benches",
    "bench_samples",
    "bench_judges",
    "bench_judgments",
    "job_helpers",
    "job_batches",
    "sample_views",
    "questions",
    "answers",
    "judge_answers",
    "notices",
    "webhooks",
    "deliveries",
    "comments",
    "scans",
    "scan_findings",
    "fine_findings",
    "near_duplicates",
    "clustered_samples",
    "round_reviewers",
    "tallies",
    "sample_tags",
}


@pytest.mark.parametrize("revision", ["0004", "0003", "0002", "0001"])
def test_down_to_a_revision_and_up_again_keeps_the_rows(database: str, revision: str) -> None:
    world = make_world()
    fill(world)
    before, reply, numbers = counts(), decisions(), keys()
    assert all(numbers)
    assert reply
    assert all(
        before[name] for name in ("gold_items", "leases", "informativeness", "decisions", "labels", "examples", "jobs")
    )
    write_engine().dispose()
    migrations.downgrade(revision, database)
    migrations.upgrade(database)
    gone = (
        {"failures", "saved_recipes"} | MADE_SINCE_0022 | MADE_BY_0005 | (MADE_BY_0003 if revision < "0003" else set())
    )
    assert counts() == {name: 0 if name in gone else number for name, number in before.items()}
    assert decisions() == reply
    assert keys() == numbers
    with reading() as db:
        imported = db.scalars(select(tables.Sample).where(tables.Sample.kind == "import")).one()
        assert (imported.text, imported.checkpoint_id, imported.extra) == ("brought", None, {})
        assert db.get_one(tables.Job, world.ids["job_id"]).losses == (3 if revision == "0004" else 0)


def test_projects_from_before_addresses_get_the_ones_that_new_projects_would_get(database: str) -> None:
    """The oldest gets the plain slug, later ones of the same words a number; a name without letters is `project`."""
    names = ["Sums", "sums!", "SUMS ", "数学 1", "¿?", "…", "Café au lait"]
    ids = [rows.make_project(f"before {place}").id for place in range(len(names))]
    write_engine().dispose()
    migrations.downgrade("0011", database)
    with write_engine().begin() as db:
        for project_id, name in zip(ids, names, strict=True):
            db.execute(text("UPDATE projects SET name = :name WHERE id = :id"), {"name": name, "id": project_id})
    write_engine().dispose()
    migrations.upgrade(database)
    with reading() as db:
        slugs = list(db.scalars(select(tables.Project.slug).order_by(tables.Project.id)))
    assert slugs == ["sums", "sums-2", "sums-3", "数学-1", "project", "project-2", "café-au-lait"]
    assert [slug_of(name) for name in names] == ["sums"] * 3 + ["数学-1", "project", "project", "café-au-lait"]


def columns(*entities: type[tables.Base]) -> dict[str, list[tuple]]:
    """Every row of these tables, by its key, with all columns."""
    with reading() as db:
        return {
            entity.__tablename__: [
                tuple(row) for row in db.execute(select(entity.__table__).order_by(*entity.__table__.primary_key))
            ]
            for entity in entities
        }


STEPPED = (
    tables.Round,
    tables.Group,
    tables.Sample,
    tables.Judgment,
    tables.Label,
    tables.Dataset,
    tables.Example,
    tables.Job,
    tables.LeftOut,
    tables.Decision,
    tables.Checkpoint,
)


def add_steps(world: World) -> None:
    """A round with a question about a text, that question's answers, two datasets, a role, and texts in its rows."""
    policy = rows.make_checkpoint(world.project)
    prompts = rows.make_prompt_set(world.project, prompts=1)
    round_ = rows.make_round(world.project, policy, status=RoundStatus.done, stage=Stage.evaluate, phase=1, step=9)
    (answer,) = rows.make_samples(round_, prompts, n=1, scores=[1.0])
    rows.make_judgments([answer])
    with session() as db:
        db.get_one(tables.Round, round_.id).steps = {"5": {"groups": [1]}}
        db.add(tables.RoundRole(round_id=round_.id, role="author", step=-1, checkpoint_id=policy.id))
        group = tables.Group(
            round_id=round_.id,
            prompt_id=answer.prompt_id,
            split=Split.train,
            step=3,
            position=0,
            parent_id=answer.id,
            messages=[{"role": "user", "content": "why?"}],
            is_stripped=True,
            cut=4,
        )
        db.add(group)
        db.flush()
        # The second stands at the place of the first, made by another step.
        for step, position in ((4, 0), (6, 0)):
            db.add(
                tables.Sample(
                    project_id=round_.project_id,
                    round_id=round_.id,
                    group_id=group.id,
                    prompt_id=answer.prompt_id,
                    checkpoint_id=policy.id,
                    step=step,
                    role="author",
                    position=position,
                    text="because",
                    seed=0,
                    finish_reason="stop",
                    num_tokens=1,
                )
            )
        db.flush()
        for sample in db.scalars(select(tables.Sample).where(tables.Sample.group_id == group.id)):
            db.add(tables.Label(sample_id=sample.id, round_id=round_.id, step=sample.step, updated_at=now()))
            for step in (5, 8):
                db.add(
                    tables.Judgment(
                        round_id=round_.id,
                        sample_id=sample.id,
                        step=step,
                        judge="x",
                        position=0,
                        score=1.0,
                        rationale="",
                        raw="",
                    )
                )
        db.add(
            tables.LeftOut(
                project_id=round_.project_id,
                round_id=round_.id,
                stage=Stage.judge,
                step=8,
                item="1/1/-/-@8",
                group_id=group.id,
                kind="filter",
                reason="filtered",
            )
        )
    example = {"prompt_id": answer.prompt_id, "sample_id": answer.id}
    rows.make_dataset(round_, "prompt_completion", [example], step=4)
    own = {"messages": [{"role": "user", "content": "m"}], "completion": "c", "rejected": "r", "extra": {"rate": 0.5}}
    rows.make_dataset(round_, "prompt_completion", [example, example | own], step=7)


def test_rows_of_before_are_the_same_with_steps_and_later_steps_go_when_the_schema_goes_back(database: str) -> None:
    world = make_world()
    fill(world)
    before = columns(*STEPPED)
    add_steps(world)
    whole = counts()
    assert (whole["round_roles"], whole["datasets"]) == (1, len(before["datasets"]) + 2)
    write_engine().dispose()
    migrations.downgrade("0012", database)
    migrations.upgrade(database)
    after = columns(*STEPPED)
    for name, rows_before in before.items():
        assert after[name][: len(rows_before)] == rows_before, name
    extra = {name: len(after[name]) - len(rows_before) for name, rows_before in before.items()}
    # Left of the round of steps: its first question with answer, judgment and label, and the newest dataset.
    assert extra == {
        "rounds": 1,
        "groups": 1,
        "samples": 1,
        "judgments": 1,
        "labels": 1,
        "datasets": 1,
        "examples": 2,
        "jobs": 0,
        "failures": 0,
        "decisions": 0,
        "checkpoints": 1,
    }
    assert counts()["round_roles"] == 0


def test_labels_learn_the_step_of_their_sample_and_saved_recipes_go_when_the_schema_goes_back(database: str) -> None:
    world = make_world()
    fill(world)
    add_steps(world)
    with session() as db:
        db.add(tables.SavedRecipe(project_id=world.project.id, name="x", title="X", recipe={}, updated_at=now()))
    label = tables.Label

    def known() -> list[tuple]:
        with reading() as db:
            return [tuple(row) for row in db.execute(select(label.sample_id, label.step, label.facet))]

    before, whole = known(), counts()
    assert {step for _, step, _ in before} == {1, 4, 6}
    assert all(facet // 432 == step - 1 for _, step, facet in before)
    write_engine().dispose()
    migrations.downgrade("0013", database)
    with write_engine().begin() as db:
        assert {row[0] // 432 for row in db.execute(text("SELECT facet FROM labels"))} == {0}
    write_engine().dispose()
    migrations.upgrade(database)
    assert known() == before
    assert counts() == whole | dict.fromkeys(MADE_SINCE_0022, 0) | {"saved_recipes": 0}


def test_steps_of_a_round_stand_beside_each_other(database: str) -> None:
    """The keys of the schema let two steps make texts, judgments and datasets at the same place, and no step twice."""
    world = make_world()
    add_steps(world)
    with reading() as db:
        records = db.execute(
            select(tables.Sample.step, tables.Sample.role, tables.Group.parent_id.is_not(None), tables.Group.cut)
            .join(tables.Group, tables.Group.id == tables.Sample.group_id)
            .where(tables.Group.step == 3)
            .order_by(tables.Sample.step)
        ).all()
        sample = db.scalars(select(tables.Sample).where(tables.Sample.step == 6)).one()
    assert [tuple(row) for row in records] == [(4, "author", True, 4), (6, "author", True, 4)]
    twice = {
        name: getattr(sample, name)
        for name in (
            "project_id",
            "round_id",
            "group_id",
            "prompt_id",
            "checkpoint_id",
            "step",
            "position",
            "text",
            "finish_reason",
            "num_tokens",
            "seed",
        )
    }
    with pytest.raises(IntegrityError), session() as db:
        db.add(tables.Sample(**twice))


def test_own_prompts_stay_and_forget_where_they_came_from_when_the_schema_goes_back(database: str) -> None:
    world = make_world()
    add_steps(world)
    own = rows.make_prompt_set(world.project, prompts=["what is 2 + 3"])
    with session() as db:
        sample = db.scalars(select(tables.Sample).where(tables.Sample.step == 6)).one()
        db.get_one(tables.PromptSet, own.id).round_id = sample.round_id
        db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id == own.id)).one().sample_id = sample.id
    kept = (tables.PromptSet, tables.Prompt, tables.Round, tables.Group, tables.Sample)
    before, whole = columns(*kept), counts()
    write_engine().dispose()
    migrations.downgrade("0013", database)
    migrations.upgrade(database)
    later = {"saved_recipes", *MADE_SINCE_0022}
    assert counts() == {name: 0 if name in later else number for name, number in whole.items()}
    with session() as db:
        of_round, of_sample = db.get_one(tables.PromptSet, own.id), tables.Prompt.sample_id.is_not(None)
        assert of_round.round_id is None
        assert db.scalars(select(tables.Prompt.id).where(of_sample)).all() == []
        # As it was, once it is told again.
        of_round.round_id = sample.round_id
        db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id == own.id)).one().sample_id = sample.id
    assert columns(*kept) == before
    with pytest.raises(IntegrityError), session() as db:
        db.execute(delete(tables.Round).where(tables.Round.id == sample.round_id))


def test_of_an_episode_the_text_stays_where_the_schema_goes_back(database: str) -> None:
    world = make_world()
    turns = [{"role": "assistant", "content": "Action: calculate[1]"}, {"role": "user", "content": "Observation: 1"}]
    with session() as db:
        sample = db.get_one(tables.Sample, world.ids["sample_id"])
        text = sample.text
        sample.turns = [*turns, {"role": "assistant", "content": text}]
    before = columns(tables.Label, tables.Group)
    write_engine().dispose()
    migrations.downgrade("0017", database)
    migrations.upgrade(database)
    with reading() as db:
        sample = db.get_one(tables.Sample, world.ids["sample_id"])
        assert (sample.text, sample.turns) == (text, None)
    assert columns(tables.Label, tables.Group) == before


def test_a_parent_takes_the_questions_about_it_along(database: str) -> None:
    world = make_world()
    add_steps(world)
    with session() as db:
        parent = db.scalars(select(tables.Group.parent_id).where(tables.Group.step == 3)).one()
        db.execute(delete(tables.Example).where(tables.Example.sample_id == parent))
        db.execute(delete(tables.Sample).where(tables.Sample.id == parent))
    with reading() as db:
        assert db.scalar(select(func.count()).where(tables.Group.step == 3)) == 0


def test_a_round_of_before_goes_on_where_it_was(database: str) -> None:
    """As after an update: one round waits for its judge, another for people, and neither knows of steps."""
    loop = Loop()
    undisturbed, judging, waiting = loop.launch(), loop.launch(), loop.launch(is_reviewed=True)
    loop.run(undisturbed, until=Stage.select)
    loop.run(judging, until=Stage.generate)
    loop.run(waiting, until=Stage.judge)
    write_engine().dispose()
    migrations.downgrade("0012", database)
    migrations.upgrade(database)
    with reading() as db:
        assert set(db.execute(select(tables.Job.step, tables.Job.stage)).all()) >= {(None, Stage.judge)}
        assert db.get_one(tables.Round, waiting).step == 0
    reviews.close(loop.actor, waiting)
    for round_id in (judging, waiting):
        job = loop.run(round_id, until=Stage.select)
        assert job.status is JobStatus.done, job.error
        assert texts(round_id) == texts(undisturbed)
    with reading() as db:
        hashes = list(db.scalars(select(tables.Dataset.content_hash)))
        rounds = [db.get_one(tables.Round, round_id) for round_id in (judging, waiting)]
    assert (len(hashes), len(set(hashes))) == (3, 1)
    assert {(row.stage, row.step) for row in rounds} == {(Stage.train, 4)}


def test_rounds_that_tried_out_and_go_on_are_plain_ones_after_going_back(database: str) -> None:
    """Before 0016 no round knew of it; what else stands in its row is kept."""
    world = make_world()
    with session() as db:
        round_ = db.get_one(tables.Round, world.ids["round_id"])
        round_.tuned = {"changes": {"generator": {"temperature": 0.7}}, "trials": []}
        round_.auto = {"left": 2, "rules": ["nothing_kept"]}
    before = columns(tables.Round)["rounds"]
    write_engine().dispose()
    migrations.downgrade("0013", database)
    migrations.upgrade(database)
    added = [list(tables.Round.__table__.columns.keys()).index(name) for name in ("tuned", "auto")]
    after = columns(tables.Round)["rounds"]
    assert len(after) == len(before) == 2
    for old, new in zip(before, after, strict=True):
        assert [new[n] for n in added] == [{}, {}]
        assert [entry for n, entry in enumerate(new) if n not in added] == [
            entry for n, entry in enumerate(old) if n not in added
        ]
