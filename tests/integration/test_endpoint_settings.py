"""An endpoint's settings: who changes and sees them, when they stay as they are, and whom they reach."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.api.checkpoints import EndpointChange, change_endpoint
from app.cli import checkpoints as checkpoint_cli
from app.pages.checkpoints import endpoint as page
from app.widgets.round_work_texts import money
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import checkpoints
from backend.services.access import Actor
from backend.services.checkpoints import EndpointSettings, endpoints, model_checks
from backend.values import JobStatus, Role, RoundStatus, Stage
from tests import rows
from tests.capable import capable
from tests.endpoint import choices, serving
from tests.integration.test_endpoints import checkpoint_row, owner_of, registered

pytestmark = [pytest.mark.usefixtures("database")]


@pytest.mark.on_sqlite
def test_only_an_owner_changes_an_endpoint_and_no_key_gets_into_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONDO_SPARE_API_KEY", "very-secret-4711")
    project = rows.make_project()
    owner = owner_of(project)
    with serving() as server:
        served = registered(project, server)
    hidden = EndpointSettings(extra={"user": "it is very-secret-4711"})
    for actor in (rows.make_actor(project, Role.admin), rows.make_actor()):
        with pytest.raises(PermissionDenied):
            endpoints.change(actor, served, hidden)
    with pytest.raises(NotFound):
        endpoints.change(owner, 999, hidden)
    for wrong, reply in (
        (hidden, "holds a key of this installation"),
        (EndpointSettings(api_key_env="sk-1"), "not the key itself"),
        (EndpointSettings(concurrency=0), "concurrency"),
        (EndpointSettings(timeout=4000), "timeout: 4000 seconds are too many"),
        (EndpointSettings(extra={"seed": 1}), "'seed' is a field that Rondo sends itself"),
        (EndpointSettings(price_in=-1.0), "price_in"),
    ):
        with pytest.raises(InvalidInput, match=reply):
            endpoints.change(owner, served, wrong)
    better = EndpointSettings("RONDO_SPARE_API_KEY", 4, 9.5, {"min_p": 0.1}, 0.5, None, True)
    endpoints.change(owner, served, better)
    endpoint = checkpoints.detail(owner, served).endpoint
    assert endpoint is not None
    assert endpoint.settings == better
    with reading() as db:
        assert "4711" not in str(db.execute(select(tables.Checkpoint.engine, tables.Checkpoint.details)).all())
        assert "4711" not in str(db.execute(select(tables.Event.details)).all())
    with pytest.raises(InvalidInput, match="is no endpoint"):
        endpoints.change(owner, rows.make_checkpoint(project, "folder").id, better)


@pytest.mark.on_sqlite
def test_settings_that_are_not_named_stay_and_only_owners_see_what_may_hold_a_secret() -> None:
    project = rows.make_project()
    owner = owner_of(project)
    given = EndpointSettings("RONDO_MY_API_KEY", 4, 9.5, {"user": "someone"}, 0.5, 1.0)
    engine = {"name": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"} | endpoints.knobs_of(given)
    served = rows.make_checkpoint(project, "served", engine=engine).id
    change = EndpointChange.model_validate_json('{"timeout": 300, "price_in": null}')
    detail = change_endpoint(owner, served, change)
    assert detail.endpoint is not None
    assert detail.endpoint.settings == replace(given, timeout=300.0, price_in=None)
    cleared = checkpoint_cli._cleared(["price-out", "extra"])
    endpoints.change_some(owner, served, cleared | {"concurrency": 5})
    left = replace(given, timeout=300.0, price_in=None, price_out=None, extra={}, concurrency=5)
    assert endpoint_at(owner, served).settings == left
    with pytest.raises(InvalidInput, match="There is no setting 'prices'"):
        checkpoint_cli._cleared(["prices"])
    with pytest.raises(InvalidInput, match="is no endpoint"):
        endpoints.change_some(owner, rows.make_checkpoint(project, "folder").id, {})
    endpoints.change_some(owner, served, {"extra": {"user": "someone"}})
    settings = endpoint_at(rows.make_actor(project, Role.admin), served).settings
    assert (settings.extra, settings.api_key_env, settings.timeout) == ({}, "", 300.0)


@pytest.mark.on_sqlite
def test_fields_of_requests_stay_while_a_round_at_work_asks_for_texts() -> None:
    project = rows.make_project()
    owner = owner_of(project)
    with serving() as server:
        served = registered(project, server)
    policy = rows.make_checkpoint(project)
    round_ = rows.make_round(project, policy, judge_id=served, status=RoundStatus.review)
    endpoints.change(owner, served, EndpointSettings(timeout=3.0))
    with pytest.raises(Conflict, match=f"Round {round_.number} is at work and asks teacher"):
        endpoints.change(owner, served, EndpointSettings(extra={"min_p": 0.1}))
    with session() as db:
        db.get_one(tables.Round, round_.id).status = RoundStatus.done
    endpoints.change(owner, served, EndpointSettings(extra={"min_p": 0.1}))
    # A test finds out anew what it can do, and leaves the settings.
    with serving() as server:
        server.answer = capable
        with session() as db:
            row = db.get_one(tables.Checkpoint, served)
            row.engine = row.engine | {"base_url": server.url}
        model_checks.check(owner, served)
    endpoint = checkpoints.detail(owner, served).endpoint
    assert endpoint is not None
    assert (endpoint.forced, endpoint.settings.extra) == ("structured_outputs", {"min_p": 0.1})


def job_of(round_: tables.Round, status: JobStatus, **columns: Any) -> int:
    with session() as db:
        job = tables.Job(
            project_id=round_.project_id,
            round_id=round_.id,
            stage=Stage.generate,
            status=status,
            spec={},
            queue="default",
            workflow_id=f"w{round_.id}",
            **columns,
        )
        db.add(job)
        db.flush()
        return job.id


def test_a_round_that_can_be_resumed_asks_as_it_began() -> None:
    project = rows.make_project()
    owner = owner_of(project)
    other = EndpointSettings(extra={"min_p": 0.1})
    with serving() as server:
        server.answer = capable
        served = registered(project, server)
        round_ = rows.make_round(project, rows.make_checkpoint(project), judge_id=served, status=RoundStatus.failed)
        job_id = job_of(round_, JobStatus.failed)
        with pytest.raises(Conflict, match=f"Round {round_.number} can be resumed and asks teacher"):
            endpoints.change(owner, served, other)
        # A test tells what it finds, and a resumed round asks as before.
        server.answer = lambda body: choices(body)
        assert "can be resumed and asks it as it was found before" in model_checks.check(owner, served).lines[-1].text
        assert endpoint_at(owner, served).forced == "structured_outputs"
        with session() as db:
            db.get_one(tables.Job, job_id).is_final = True
        endpoints.change(owner, served, other)
        assert not any(line.name == "round" for line in model_checks.check(owner, served).lines)
        assert endpoint_at(owner, served).forced == ""


def test_a_bench_and_a_rewrite_ask_as_they_began() -> None:
    project = rows.make_project()
    owner = owner_of(project)
    engine = {"name": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}
    served = rows.make_checkpoint(project, "served", engine=engine).id
    round_ = rows.make_round(project, rows.make_checkpoint(project), status=RoundStatus.done)
    job_id = job_of(round_, JobStatus.done)
    with session() as db:
        bench = tables.JudgeBench(project_id=project.id)
        db.add(bench)
        db.flush()
        judge = tables.BenchJudge(bench_id=bench.id, position=0, title="it", judge={}, checkpoint_id=served)
        asked = {"judge_id": 0, "reflector_id": served}
        rewrite = tables.TemplateRewrite(project_id=project.id, round_id=round_.id, step=2, asked=asked, job_id=job_id)
        db.add_all([judge, rewrite])
    other = EndpointSettings(extra={"min_p": 0.1})
    with pytest.raises(Conflict, match=f"Judge bench {bench.id} is not over and asks served"):
        endpoints.change(owner, served, other)
    with session() as db:
        db.get_one(tables.BenchJudge, judge.id).finished_at = now()
        db.get_one(tables.Job, job_id).status = JobStatus.running
    with pytest.raises(Conflict, match=f"Rewrite {rewrite.id} is at work and asks served"):
        endpoints.change(owner, served, other)
    with pytest.raises(Conflict, match=f"Rewrite {rewrite.id} is at work and asks the checkpoint served"):
        checkpoints.delete(owner, served)
    with session() as db:
        db.get_one(tables.Job, job_id).status = JobStatus.done
    endpoints.change(owner, served, other)


def endpoint_at(actor: Actor, checkpoint_id: int) -> endpoints.EndpointView:
    endpoint = checkpoints.detail(actor, checkpoint_id).endpoint
    assert endpoint is not None
    return endpoint


@pytest.mark.on_sqlite
def test_what_wraps_an_endpoint_gets_its_settings_and_previews_hold_none_up() -> None:
    project = rows.make_project()
    owner = owner_of(project)
    with serving() as server:
        served = registered(project, server)
    engine = checkpoint_row(served).engine
    refined = {"name": "self_refine", "inner": engine}
    child = rows.make_checkpoint(project, "refined", engine=refined, parent_id=served)
    grandchild = rows.make_checkpoint(project, "book", engine={"name": "library", "inner": refined}, parent_id=child.id)
    hidden = rows.make_project("hidden", preview_id=None)
    round_ = rows.make_round(hidden, rows.make_checkpoint(hidden), judge_id=child.id)
    with pytest.raises(Conflict):
        endpoints.change(owner, served, EndpointSettings(extra={"min_p": 0.1}))
    with session() as db:
        preview = tables.Preview(project_id=project.id, plan={}, result={})
        db.add(preview)
        db.flush()
        db.get_one(tables.Project, round_.project_id).preview_id = preview.id
    endpoints.change(owner, served, EndpointSettings(extra={"min_p": 0.1}, price_in=7.0))
    for key in (child.id, grandchild.id):
        assert endpoint_at(owner, key).settings == EndpointSettings(extra={"min_p": 0.1}, price_in=7.0)


@pytest.mark.on_sqlite
def test_the_fields_of_the_page_say_what_is_stored() -> None:
    given = ["RONDO_MY_API_KEY", 4.0, 2.5, ' {"min_p": 0.1} ', None, 3, True]
    settings = page.settings_of(given)
    assert settings == EndpointSettings("RONDO_MY_API_KEY", 4, 2.5, {"min_p": 0.1}, None, 3.0, True)
    for place, value, reply in (
        (3, "[1]", "is no object"),
        (3, "{", "is no JSON"),
        (1, 1.5, "whole number"),
        (2, None, "timeout: must be"),
        (4, True, "Price in"),
    ):
        with pytest.raises(InvalidInput, match=reply):
            page.settings_of([*given[:place], value, *given[place + 1 :]])
    assert [money(number) for number in (0.0, 0.00029, 12.3456)] == ["0.00", "0.00029", "12.35"]
