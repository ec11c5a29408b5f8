"""The lights of a round, the rows that each speaks of, and what a project sets of the rules."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, func, select

import migrations
from app.widgets.warning_said import lights
from backend.db import reading, session, tables
from backend.db.session import write_engine
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.pipeline import warning_evidence
from backend.pipeline.warn import judged, rules_of
from backend.services import warnings
from backend.services.warnings import AnswersNamed, known_imports, limits
from backend.values import Group, Role, RoundStatus, SampleKind, Stage, WarningLevel
from backend.warning_rules import About, Finding
from backend.warning_rules.copying import Copying
from backend.warning_rules.judge_decays import JudgeDecays
from backend.warning_rules.label_noise import LabelNoise
from tests import rows
from tests.groups import prompt, sample
from tests.integration import site
from tests.integration.reviewing import waits
from tests.unit.warning_rules.seen import evidence, past
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("database")


class Warned:
    """A round that is done, with one light of each level."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project, Role.curator)
        self.prompts = rows.make_prompt_set(self.project, "sums")
        done = {"status": RoundStatus.done, "stage": Stage.evaluate}
        self.round = rows.make_round(self.project, sets=[self.prompts], **done)
        self.samples = rows.make_samples(self.round, self.prompts, scores=[5.0, 1.0])
        for name, level in (
            ("label_noise", "red"),
            ("position_bias", "unknown"),
            ("copying", "green"),
            ("length_bias", "amber"),
        ):
            self.light(name, WarningLevel(level))

    def light(self, name: str, level: WarningLevel, **columns: Any) -> None:
        known = level is not WarningLevel.unknown
        usual = {"value": 0.5 if known else None, "limit": 0.2, "n": 6, "reason": "" if known else "There are 6."}
        ids = {"sample_ids": [self.samples[3].id, self.samples[0].id], "prompt_ids": [self.samples[0].prompt_id]}
        with session() as db:
            row = {"project_id": self.project.id, "round_id": self.round.id, "name": name, "level": level}
            db.add(tables.RoundWarning(**row, **usual | (ids if known else {}) | columns))


def test_lights_come_red_first_with_what_they_measure() -> None:
    here = Warned()
    warning_views = warnings.of_round(here.actor, here.round.id)
    assert [(warning_view.name, str(warning_view.level)) for warning_view in warning_views] == [
        ("label_noise", "red"),
        ("length_bias", "amber"),
        ("position_bias", "unknown"),
        ("copying", "green"),
    ]
    assert (warning_views[0].code, warning_views[0].value, warning_views[0].limit, warning_views[0].rows) == (
        "W35",
        0.5,
        0.2,
        3,
    )
    assert warning_views[0].source == LabelNoise.source
    assert (warning_views[2].value, warning_views[2].reason) == (None, "There are 6.")
    with pytest.raises(NotFound):
        warnings.of_round(rows.make_actor(), here.round.id)


def test_each_light_opens_the_rows_it_speaks_of() -> None:
    here = Warned()
    result = warnings.rows(here.actor, here.round.id, "label_noise")
    assert [completion.id for completion in result.samples] == [here.samples[3].id, here.samples[0].id]
    assert [(entry.prompt_set, entry.prompt_set_id) for entry in result.prompts] == [("sums", here.prompts.id)]
    with session() as db:
        db.execute(delete(tables.Label).where(tables.Label.sample_id == here.samples[3].id))
        db.execute(delete(tables.Sample).where(tables.Sample.id == here.samples[3].id))
    assert [completion.id for completion in warnings.rows(here.actor, here.round.id, "label_noise").samples] == [
        here.samples[0].id
    ]
    with pytest.raises(NotFound, match="has no warning 'reward_hacking'"):
        warnings.rows(here.actor, here.round.id, "reward_hacking")


def test_a_curator_sets_limits_and_takes_them_back() -> None:
    here = Warned()
    before = {view.name: view for view in limits.listed(here.actor, here.project.id)}
    assert before["position_bias"].knobs == before["position_bias"].defaults
    assert (before["position_bias"].knobs["limit"], before["position_bias"].knobs["amber"]) == (0.30, 0.15)
    rule_view = limits.edit(here.actor, here.project.id, "position_bias", {"limit": 0.6, "stops": True})
    assert (rule_view.knobs["limit"], rule_view.knobs["amber"], rule_view.defaults["limit"]) == (0.6, 0.15, 0.30)
    with reading() as db:
        stored = db.get_one(tables.Project, here.project.id).warning_rules
        event = db.scalars(select(tables.Event)).one()
    assert stored == {"position_bias": {"limit": 0.6, "stops": True}}
    assert (event.verb, event.subject) == ("change warning", "position_bias")
    limits.edit(here.actor, here.project.id, "position_bias", {"limit": None, "stops": False})
    with reading() as db:
        assert db.get_one(tables.Project, here.project.id).warning_rules == {}


def test_what_a_project_sets_is_what_its_rounds_are_held_against() -> None:
    here = Warned()
    swapped = [(n, n + 100, n > 45) for n in range(1, 91)]

    def light() -> tuple[WarningLevel, float]:
        with reading() as db:
            rules = rules_of(db.get_one(tables.Project, here.project.id).warning_rules)
        ((rule, _, level, _),) = [
            entry for entry in judged(rules, evidence([], swapped=swapped)) if entry[0].name == "position_bias"
        ]
        return level, rule.limit

    assert light() == (WarningLevel.red, 0.30)
    limits.edit(here.actor, here.project.id, "position_bias", {"limit": 0.6})
    assert light() == (WarningLevel.amber, 0.6)
    limits.edit(here.actor, here.project.id, "position_bias", {"is_on": False})
    with reading() as db:
        rules = rules_of(db.get_one(tables.Project, here.project.id).warning_rules)
    assert "position_bias" not in {entry[0].name for entry in judged(rules, evidence([], swapped=swapped))}


@pytest.mark.parametrize(
    ("knobs", "text"),
    [
        ({"limit": 2}, "position_bias.limit"),
        ({"limit": "much"}, "position_bias.limit"),
        ({"min_rows": 1}, "position_bias.min_rows"),
        ({"mood": 1}, "position_bias.mood"),
        ({"limit": float("nan")}, "position_bias.limit"),
    ],
)
def test_a_wrong_limit_is_refused_by_name(knobs: dict[str, Any], text: str) -> None:
    here = Warned()
    with pytest.raises(InvalidInput, match=text):
        limits.edit(here.actor, here.project.id, "position_bias", knobs)


def test_stored_knobs_that_a_newer_rule_refuses_are_dropped() -> None:
    here = Warned()
    with session() as db:
        row = db.get_one(tables.Project, here.project.id)
        row.warning_rules = {"position_bias": {"limit": 7, "amber": 0.2, "mood": 1}, "gloom": {"limit": 0.1}}
    known = {view.name: view for view in limits.listed(here.actor, here.project.id)}
    assert (known["position_bias"].knobs["limit"], known["position_bias"].knobs["amber"]) == (0.30, 0.2)
    rule_view = limits.edit(here.actor, here.project.id, "position_bias", {"stops": True})
    assert (rule_view.knobs["limit"], rule_view.knobs["amber"], rule_view.knobs["stops"]) == (0.30, 0.2, True)
    with reading() as db:
        stored = db.get_one(tables.Project, here.project.id).warning_rules
    assert stored["position_bias"] == {"amber": 0.2, "stops": True}


def test_an_amber_limit_can_be_switched_off() -> None:
    here = Warned()
    rule_view = limits.edit(here.actor, here.project.id, "position_bias", {"amber": None}, keeps_none=True)
    assert rule_view.knobs["amber"] is None
    assert limits.edit(here.actor, here.project.id, "position_bias", {"limit": 0.4}).knobs["amber"] is None
    assert limits.edit(here.actor, here.project.id, "position_bias", {"amber": None}).knobs["amber"] == 0.15


def test_a_rule_that_raises_has_a_light_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Copying, evidence: Any) -> Any:
        raise ZeroDivisionError("no words")

    monkeypatch.setattr(Copying, "compute", broken)
    texts = [{"score": 5.0, "accepted": True, "right": True}, {"score": 5.0, "accepted": True, "right": False}]
    results = {entry[0].name: entry for entry in judged(rules_of({}), evidence([texts] * 60))}
    assert results["copying"][2] is WarningLevel.unknown
    assert results["copying"][3].startswith("This rule failed: ZeroDivisionError: no words.")
    assert results["no_separation"][2] is WarningLevel.red


def test_a_number_that_is_not_finite_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Copying, "compute", lambda self, evidence: Finding(float("nan"), n=100))
    ((_, finding, level, reason),) = [
        entry for entry in judged(rules_of({}), evidence([])) if entry[0].name == "copying"
    ]
    assert (finding.value, level) == (None, WarningLevel.unknown)
    assert "no finite number" in reason


def test_details_that_an_older_version_wrote_count_as_none() -> None:
    texts = [{"score": 5.0, "accepted": True, "right": True}, {"score": 1.0, "accepted": False, "right": False}]
    view = evidence([texts] * 60, past=past("judge_decays", {"share": 0.9}))
    assert "from the second round" in JudgeDecays().find(view).missing


def test_numbers_of_the_start_count_where_they_were_measured_in_the_same_way() -> None:
    here = Warned()
    way = {"prompt_sets": [7], "max_tokens": 64}
    with session() as db:
        for name, by in (("pass_at_8", way), ("held_out_accuracy", way | {"max_tokens": 512})):
            db.add(
                tables.Metric(
                    project_id=here.project.id,
                    round_id=here.round.id,
                    checkpoint_id=here.round.policy_id,
                    name=name,
                    value=0.5,
                    n=40,
                    details={"measured_by": by},
                )
            )
    later = rows.make_round(here.project, policy_id=here.round.policy_id)
    stage = SimpleNamespace(round=later)
    with reading() as db:
        assert set(warning_evidence._measured_before(db, stage, way)) == {"pass_at_8"}
        assert warning_evidence._measured_before(db, stage, None) == {}


def test_votes_are_of_one_text_as_a_whole() -> None:
    here = Warned()
    by_place, voted = here.samples[0].id, here.samples[1].id
    with session() as db:
        for judge, sample_id in (("from_children", by_place), ("additive_rubric", voted)):
            for position, score in enumerate((1.0, 5.0)):
                db.add(
                    tables.Judgment(
                        round_id=here.round.id,
                        sample_id=sample_id,
                        judge=judge,
                        position=position,
                        score=score,
                        rationale="",
                        raw="",
                        step=9,
                    )
                )
    with reading() as db:
        assert warning_evidence._votes(db, [by_place, voted]) == {voted: (1.0, 5.0)}


def test_pairs_in_both_orders_are_read_back_of_a_draw_of_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Warned()
    ids = [completion.id for completion in here.samples[:4]]
    with session() as db:
        for sample_id, raw in zip(ids, ("Winner: A", "Winner: B", "Winner: A", "Winner: A"), strict=True):
            db.add(
                tables.Judgment(
                    round_id=here.round.id,
                    sample_id=sample_id,
                    judge="pairwise_swapped",
                    position=0,
                    rationale="",
                    raw=raw,
                    step=9,
                )
            )
    groups = [Group(prompt(), tuple(sample(n) for n in pair)) for pair in (ids[:2], ids[2:])]
    both = [(ids[0], ids[1], True), (ids[2], ids[3], False)]
    with reading() as db:
        assert warning_evidence._swapped(db, here.round.id, groups) == both
        monkeypatch.setattr(warning_evidence, "MOST_SWAPPED", 1)
        assert warning_evidence._swapped(db, here.round.id, groups) == both[:1]


def test_limits_are_a_curators() -> None:
    here = Warned()
    with pytest.raises(PermissionDenied):
        limits.edit(rows.make_actor(here.project, Role.reviewer), here.project.id, "copying", {"limit": 0.5})
    with pytest.raises(NotFound, match="There is no rule 'gloom'"):
        limits.edit(here.actor, here.project.id, "gloom", {})


def test_one_fault_turns_one_light_red() -> None:
    """A judge that says the same of all texts errs on half of them: that follows, and is amber."""
    texts = [{"score": 5.0, "accepted": True, "right": True}, {"score": 5.0, "accepted": True, "right": False}]
    results = {entry[0].name: entry for entry in judged(rules_of({}), evidence([texts] * 60))}
    assert results["no_separation"][2] is WarningLevel.red
    assert results["label_noise"][2] is WarningLevel.amber
    assert results["label_noise"][3] == "It is beyond its limit, which follows from: The reward stops separating."
    alone = {
        entry[0].name: entry for entry in judged(rules_of({"no_separation": {"is_on": False}}), evidence([texts] * 60))
    }
    assert alone["label_noise"][2] is WarningLevel.red


def test_programs_read_lights_and_set_limits() -> None:
    here = Warned()
    with site.with_token(here.actor) as client:
        lights = client.get(f"/api/v1/rounds/{here.round.id}/warnings").json()
        assert [light["level"] for light in lights] == ["red", "amber", "unknown", "green"]
        body = client.get(f"/api/v1/rounds/{here.round.id}/warnings/label_noise").json()
        assert [row["id"] for row in body["samples"]] == [here.samples[3].id, here.samples[0].id]
        base = f"/api/v1/projects/{here.project.id}/warning-rules"
        assert client.patch(f"{base}/copying", json={"knobs": {"run": 80}}).json()["knobs"]["run"] == 80
        known = {rule["name"]: rule for rule in client.get(base).json()}
        assert (known["copying"]["knobs"]["run"], known["copying"]["defaults"]["run"]) == (80, 50)
        refused = client.patch(f"{base}/copying", json={"knobs": {"run": "long"}})
        assert refused.status_code == 422
        assert "copying.run" in refused.json()["error"]["message"]


def test_warnings_go_with_the_schema_and_rounds_stay(database: str) -> None:
    here = Warned()
    limits.edit(here.actor, here.project.id, "copying", {"limit": 0.5})
    write_engine().dispose()
    migrations.downgrade("0021", database)
    migrations.upgrade(database)
    assert warnings.of_round(here.actor, here.round.id) == ()
    with reading() as db:
        assert db.get_one(tables.Project, here.project.id).warning_rules == {}
    here.light("label_noise", WarningLevel.red)
    with session() as db:
        db.execute(delete(tables.Round).where(tables.Round.id == here.round.id))
    with reading() as db:
        assert list(db.scalars(select(tables.RoundWarning))) == []


@pytest.mark.on_sqlite
def test_a_reason_given_once_turns_the_light_of_deliberate_imports_off() -> None:
    here = Warned()
    with pytest.raises(Conflict, match="No import of round"):
        known_imports.acknowledge(here.actor, here.round.id, "ours")
    sets = {str(here.prompts.id): "sums"}
    here.light("unreviewed_imports", WarningLevel.red, details={"sets": sets})
    with pytest.raises(InvalidInput, match="why these imports are deliberate"):
        known_imports.acknowledge(here.actor, here.round.id, " ")
    with pytest.raises(PermissionDenied):
        known_imports.acknowledge(rows.make_actor(here.project, Role.reviewer), here.round.id, "ours")
    known_imports.acknowledge(here.actor, here.round.id, "our own textbook")
    light = next(view for view in warnings.of_round(here.actor, here.round.id) if view.name == "unreviewed_imports")
    assert (light.level, light.reason) == (WarningLevel.green, "Known: “sums”, our own textbook")
    with reading() as db:
        prompt = tables.Prompt
        highest = db.scalar(select(func.max(prompt.id)).where(prompt.prompt_set_id == here.prompts.id))
    rule = next(view for view in limits.listed(here.actor, here.project.id) if view.name == "unreviewed_imports")
    assert rule.knobs["known"] == {str(here.prompts.id): {"reason": "our own textbook", "up_to": highest}}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_of_two_who_make_imports_known_at_once_neither_is_lost(database: str) -> None:
    here = Warned()
    here.light("unreviewed_imports", WarningLevel.red, details={"sets": {str(here.prompts.id): "sums"}})
    other = {"999": {"reason": "theirs", "up_to": 9}}
    with ThreadPoolExecutor(1) as pool:
        with session() as db:
            limits.set_knobs(db, here.actor, here.project.id, "unreviewed_imports", {"known": other})
            sent = pool.submit(known_imports.acknowledge, here.actor, here.round.id, "ours")
            waits(1)
        sent.result(PATIENCE)
    with reading() as db:
        known = db.get_one(tables.Project, here.project.id).warning_rules["unreviewed_imports"]["known"]
    assert {*known} == {"999", str(here.prompts.id)}


@pytest.mark.on_sqlite
def test_what_the_rule_of_imports_sees_are_kept_samples_that_a_file_brought() -> None:
    here = Warned()
    brought, own = here.samples[:2]
    with session() as db:
        db.get_one(tables.Sample, brought.id).kind = SampleKind.imported
    with reading() as db:
        seen = warning_evidence.imported_of(db, {brought.id, own.id})
    assert [(view.sample_id, view.prompt_set, view.is_reviewed) for view in seen] == [(brought.id, "sums", False)]


@pytest.mark.on_sqlite
def test_a_light_says_what_it_speaks_of_and_opens_the_answers_of_its_category() -> None:
    here = Warned()
    base, checkpoint = here.round.policy_id, rows.make_checkpoint(here.project, "made")
    with session() as db:
        db.get_one(tables.Round, here.round.id).checkpoint_id = checkpoint.id
    here.light("forgetting", WarningLevel.red, details={"category": ["topic", "sums"]})
    by_name = {view.name: view for view in warnings.of_round(here.actor, here.round.id)}
    fell, noisy = by_name["forgetting"], by_name["label_noise"]
    assert (fell.speaks_of, fell.of_checkpoint) == (About.checkpoint, "made")
    assert fell.answers == AnswersNamed(base, checkpoint.id, ("topic", "sums"))
    assert (noisy.speaks_of, noisy.answers) == (About.texts, None)
    assert noisy.of_checkpoint
    shown = lights([fell, noisy], here.round.id)
    assert [(group["what"], len(group["lights"])) for group in shown["groups"]] == [
        ("The checkpoint", 1),
        ("The texts", 1),
    ]
    assert "category=%5B%22topic%22%2C+%22sums%22%5D" in shown["groups"][0]["lights"][0]["answers"]
