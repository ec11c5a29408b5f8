"""In Chromium: who works on what, and a worker that an owner pauses."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from backend import jobs
from backend.db import now, reading, session, tables
from backend.services.people import accounts
from backend.values import JobStatus, Role, Stage, WorkerOrder
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.test_warnings import pictured
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def worker(id_: str, **columns: Any) -> None:
    """One whose heart goes on beating for as long as the test takes."""
    later = now() + timedelta(hours=1)
    values = {"host": "gpu-box", "process_id": 812, "queues": "generate,train,export", "version": "0.2.0", "cpus": 16}
    with session() as db:
        db.add(tables.Executor(id=id_, started_at=now(), heartbeat_at=later, **values | columns))


def order_of(id_: str) -> WorkerOrder:
    with reading() as db:
        return db.get_one(tables.Executor, id_).told


def test_an_owner_sees_who_works_on_what_and_pauses_one(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, accounts.local_owner())
    page = context.new_page()
    page.goto(site.page(project, "workers"))
    listed = page.locator("#workers-list")
    expect(listed.get_by_role("link", name="Jobs")).to_be_visible()
    worker("gpu-box-0", gpus="NVIDIA H200, 143771 MiB")
    worker("gpu-box-1")
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=round_.id)
        job.status, job.executor_id, job.started_at = JobStatus.running, "gpu-box-0", now()
    # The page finds them by itself.
    first, second = (listed.locator(f"li[data-worker={name}]") for name in ("gpu-box-0", "gpu-box-1"))
    expect(first).to_contain_text("busy")
    expect(first).to_contain_text("16 CPUs, NVIDIA H200, 143771 MiB")
    expect(first.get_by_role("link")).to_have_attribute("href", f"jobs?job={job.id}")
    expect(second).to_contain_text("idle")
    pictured(page, "workers")
    second.get_by_role("button", name="Pause").click()
    expect(second).to_contain_text("paused")
    assert order_of("gpu-box-1") is WorkerOrder.pause
    listed.get_by_role("button", name="Resume all").click()
    expect(second).to_contain_text("idle")
    context.close()


def test_a_member_sees_no_buttons(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    worker("gpu-box-0")
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    page.goto(site.page(project, "workers"))
    expect(page.locator("#workers-list li[data-worker]")).to_have_count(1)
    expect(page.locator("#workers-list button")).to_have_count(0)
    context.close()
