"""What the machine said, as it is kept between questions: what changes it is seen by the next one."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.db import reading, tables
from backend.services import reviews, samples
from backend.services.access import Actor
from backend.services.reviews import Act
from backend.services.team import agreement, machine_labels, removals
from backend.values import DecisionKind
from tests.integration.reviewing import ACCEPT, REJECT, RETRACT, Team
from tests.integration.test_sample_imports import ASKED, Place

PREFER = DecisionKind.prefer
GIVEN = [
    {"id": str(n), "prompt": f"{n}+2?", "response": str(n + 2), "score": score, "judge": "old"}
    for n, score in enumerate((0.9, 0.1, 0.2))
]


def ask(curator: Actor, round_id: int, person: Actor) -> Any:
    return agreement.measure(curator, round_id), removals.preview(curator, round_id, person.user_id)


def test_scores_of_an_import_are_seen_by_the_next_question(database: str, tmp_path: Path) -> None:
    place = Place()
    round_id = place.bring(tmp_path, GIVEN).round_id
    assert round_id is not None
    ids = [row.id for row in samples.page(place.curator, round_id).rows]

    def decide(kind: DecisionKind, **fields: Any) -> list[str]:
        acts = [Act(uuid.uuid4().hex, kind, sample_id, **fields) for sample_id in ids]
        return [done.decision.client_id for done in reviews.decide_many(place.ann, round_id, acts)]

    written = decide(ACCEPT)
    before = ask(place.curator, round_id, place.ann)
    retracted = [Act(uuid.uuid4().hex, RETRACT, retracts=client_id) for client_id in written]
    reviews.decide_many(place.ann, round_id, retracted)
    changed = [row | {"score": 0.95 - row["score"]} for row in GIVEN]
    assert place.bring(tmp_path, changed, replace(ASKED, update=True)).num_updated == len(GIVEN)
    decide(ACCEPT)
    after = ask(place.curator, round_id, place.ann)
    machine_labels._kept.clear()
    assert after == ask(place.curator, round_id, place.ann)
    assert before != after


def test_what_others_hold_stays_as_it_is_when_more_groups_are_read(database: str) -> None:
    team = Team(prompts=3, mode="group", num_reviewers_per_item=2)

    def prefer(first: int) -> None:
        team.act("ann", first, PREFER, value={"best": first, "worst": first + 1})

    def of_groups() -> machine_labels.GroupLabels:
        with reading() as db:
            round_ = db.get_one(tables.Round, team.round.id)
            decided = agreement.decision_columns.read(db, round_)
            return machine_labels.of(db, round_, decided.sample[:0], sorted(set(decided.group.tolist())))[1]

    prefer(team.ids[0])
    held = of_groups()
    assert held.places == {team.ids[0]: "001", team.ids[1]: "002"}
    prefer(team.ids[2])
    assert set(of_groups().places) == set(team.ids[:4])
    assert set(held.places) == set(team.ids[:2])


def test_labels_of_the_round_that_was_asked_for_least_lately_go_first(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_labels, "MOST_ROWS", 3)
    machine_labels._kept.clear()
    teams = [Team(prompts=1), Team(prompts=1)]
    for team in teams:
        for sample_id, kind in zip(team.ids, (ACCEPT, REJECT), strict=True):
            team.act("ann", sample_id, kind)
        agreement.measure(team.curator, team.round.id)
    assert [key[1] for key in machine_labels._kept] == [teams[1].round.id]
