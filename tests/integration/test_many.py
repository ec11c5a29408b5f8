"""Statements about as many rows as there are: a database that takes 50 parameters stands for one that takes 32,766."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.db.many import among
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe
from backend.recipes import _parts as parts
from backend.services.decisions import item_counts, label_counts
from backend.services.rounds import review_scope
from tests import rows

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
MOST = 50


@pytest.fixture
def few_parameters(database: str) -> Iterator[Session]:
    with reading() as db:
        raw = db.connection().connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        before = raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, MOST)
        yield db
        raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)


def test_any_number_of_ids(few_parameters: Session) -> None:
    project, other = rows.make_project(), rows.make_project()
    ids = few_parameters.scalars(select(tables.Project.id).where(among(tables.Project.id, range(1, 200))))
    assert {project.id, other.id} <= set(ids)
    assert few_parameters.scalars(select(tables.Project.id).where(among(tables.Project.id, []))).all() == []


class Half(PromptSource):
    """Goes on with some of the groups, whatever their labels."""

    @property
    def narrows(self) -> bool:
        return True

    @property
    def reads_groups(self) -> bool:
        return True


PromptSource.registry.pop("half")


def test_people_are_shown_more_groups_than_a_statement_has_parameters(
    few_parameters: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PromptSource.registry, "half", Half)
    recipe = Recipe(
        name="half",
        title="Half",
        steps=(parts.PromptSet(), parts.Sample(n=1), parts.ExactMatch(), Half(), parts.AboveThreshold(), parts.SFT()),
    )
    project = rows.make_project()
    prompts = rows.make_prompt_set(project, prompts=[f"p{n}" for n in range(2 * MOST + 1)])
    round_ = rows.make_round(project, sets=[prompts], recipe=recipe.model_dump(mode="json"))
    samples = rows.make_samples(round_, prompts, n=1)
    kept = [sample.group_id for sample in samples[1:]]
    with session() as db:
        db.get_one(tables.Round, round_.id).steps = {"3": {"groups": kept}}
    with reading() as db:
        round_ = db.get_one(tables.Round, round_.id)
    shown = review_scope.only_shown(few_parameters, round_, [samples[0].id, samples[1].id, samples[-1].id])
    assert shown == {samples[1].id, samples[-1].id}
    assert sum(label_counts.count_labels(few_parameters, round_.id).sums().values()) == 2 * MOST
    assert item_counts.count_groups(few_parameters, round_.id).items == 2 * MOST
