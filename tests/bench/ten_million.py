"""Every list of REST, and the first content of every page, at ten million samples on PostgreSQL.

`python -m tests.bench.ten_million [--samples N] [--repeats N] [--plans]`: in a cluster of its own, which is deleted in
the end (11 GB). The rows are made inside the server: one round, eight samples a prompt, a tenth of them judged, a
five-hundredth decided on. Left out, and named: files, what is about rows that are not there, and pages whose document
holds nothing of its own. Each address is asked so many times; printed are the median and the 95th percentile by the
clock, and the processor time of this process and the server together, which other work on the machine does not change.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.round_1m import SLOW_MS, Statements
from tests.bench.workers import postgres

BUDGET_MS = 100.0
CHUNK = 500_000
PER_PROMPT = 8
WITH_QUERY = {
    "/rounds/{round_id}/samples": (
        "",
        "sort=score&descending=true",
        "sort=length&descending=true&verdict=accept",
        "sort=spread&is_overridden=true",
        "sort=score&then=length",
        "sort=score&descending=true&min_score=4.5",
        "text=w17",
        "text=the&sort=score",
        "prompt=w17",
    ),
    "/rounds/{round_id}/groups": ("", "sort=pass_rate", "sort=spread&descending=true"),
    "/rounds/{round_id}/histogram": ("", "key=length"),
}
"""Asked with each of these; every other address as it is."""
NO_LISTS = ("export", "/csv", "report.html", "/verification", "/file", "near-duplicates", "/card")
"""Files and reports that are made when they are asked for."""
WORDS = """'the w' || (n * 2654435761 % 97) || ' of w' || (n * 40503 % 30011) || ' is w' || (n * 7919 % 9973)
    || ' and w' || (n % 1009) || ' to ' || CASE WHEN n % 1000 = 13 THEN 'seldom' ELSE 'often' END"""
ROWS = {
    "prompts": f"""
        INSERT INTO prompts (id, prompt_set_id, position, messages, text, extra, content_hash, created_at)
        SELECT n, :set_id, n - 1, json_build_array(json_build_object('role', 'user', 'content', words)), words, '{{}}',
            lpad(n::text, 64, '0'), now()
        FROM (SELECT n, {WORDS} AS words FROM generate_series(CAST(:first AS bigint), :last) AS n) AS made""",
    "groups": """
        INSERT INTO groups (id, round_id, prompt_id, split, position, created_at)
        SELECT n, :round_id, n, 'train', n - 1, now() FROM generate_series(CAST(:first AS bigint), :last) AS n""",
    "samples": f"""
        INSERT INTO samples (id, project_id, round_id, group_id, prompt_id, checkpoint_id, split, kind, position, text,
            finish_reason, num_tokens, seed, score_like, extra, created_at)
        SELECT n, :project_id, :round_id, (n - 1) / {PER_PROMPT} + 1, (n - 1) / {PER_PROMPT} + 1, :checkpoint_id,
            'train', 'completion', (n - 1) % {PER_PROMPT}, {WORDS}, 'stop', n % 400, n, false, '{{}}', now()
        FROM generate_series(CAST(:first AS bigint), :last) AS n""",
    "labels": """
        INSERT INTO labels (sample_id, round_id, score, verdict, source, machine_score, machine_verdict, machine_spread,
            is_unparsed, is_overridden, is_truncated, is_flagged, num_tokens, updated_at)
        SELECT n, :round_id, score, CASE WHEN score IS NULL THEN NULL WHEN (score >= 4) <> is_changed THEN 'accept'
            ELSE 'reject' END, CASE WHEN score IS NULL THEN 'none' WHEN n % 500 = 0 THEN 'person' ELSE 'judge' END,
            score, CASE WHEN score IS NULL THEN NULL WHEN score >= 4 THEN 'accept' ELSE 'reject' END,
            CASE WHEN score IS NULL THEN NULL ELSE n * 31 % 17 / 17.0 END, score IS NULL, is_changed, n % 400 > 390,
            n % 2000 = 1, n % 400, now()
        FROM (SELECT n, n % 1000 = 0 AS is_changed, CASE WHEN n % 100 = 7 THEN NULL ELSE n * 7919 % 5003 / 1000.0 END
            AS score FROM generate_series(CAST(:first AS bigint), :last) AS n) AS made""",
    "judgments": """
        INSERT INTO judgments (round_id, sample_id, judge, checkpoint_id, position, score, verdict, rationale, raw,
            template_hash, num_tokens, finish_reason, seed, created_at)
        SELECT :round_id, n, 'additive_rubric', :checkpoint_id, 0, n * 7919 % 5003 / 1000.0, NULL, 'short', 'Score: 3',
            '', 9, 'stop', 0, now()
        FROM generate_series(CAST(:first AS bigint), :last) AS n WHERE n % 10 = 0""",
    "decisions": """
        INSERT INTO decisions (client_id, project_id, round_id, group_id, sample_id, user_id, kind, value, note, seconds,
            is_override, is_blind, via, created_at)
        SELECT 'bench-' || n, :project_id, :round_id, (n - 1) / 8 + 1, n, :user_id,
            CASE WHEN n % 1000 = 0 THEN 'reject' ELSE 'accept' END, '{}', '', 4.0, n % 1000 = 0, false, 'page', now()
        FROM generate_series(CAST(:first AS bigint), :last) AS n WHERE n % 500 = 0""",
}
"""How the rows of each table are made; prompts and groups: one for each `PER_PROMPT` samples."""


def build(number: int) -> dict[str, Any]:
    """Make the rows; return what names them in addresses."""
    from sqlalchemy import text

    from backend.db import session, tables
    from backend.values import Role, RoundStatus, Split, Stage
    from tests import rows

    hurry()
    num_prompts = number // PER_PROMPT
    project = rows.make_project("bench", guidelines="Accept what answers the question.")
    actor = rows.make_actor(project, Role.admin, is_owner=True)
    round_ = rows.make_round(
        project,
        status=RoundStatus.review,
        stage=Stage.review,
        is_reviewed=True,
        num_prompts=num_prompts,
        counts={"samples": number, "prompts": num_prompts},
    )
    prompts = tables.PromptSet(project_id=project.id, name="bench", split=Split.train, num_prompts=num_prompts)
    with session() as db:
        db.add(prompts)
    ids = {
        "project_id": project.id,
        "round_id": round_.id,
        "set_id": prompts.id,
        "checkpoint_id": round_.policy_id,
        "user_id": actor.user_id,
    }
    for table, statement in ROWS.items():
        started, last = time.perf_counter(), num_prompts if table in ("prompts", "groups") else number
        for first in range(1, last + 1, CHUNK):
            with session() as db:
                db.execute(text("SET LOCAL session_replication_role = replica"))  # the keys need no look-up each
                db.execute(text(statement), ids | {"first": first, "last": min(first + CHUNK - 1, last)})
        print(f"{table}: {time.perf_counter() - started:.0f} s", flush=True)
    with session() as db:
        for table in ("prompts", "groups", "samples"):
            db.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"))
    vacuum()
    return ids | {"sample_id": number // 2, "name": "bench", "actor": actor}


def vacuum() -> None:
    """What the server does by itself once a table has rested."""
    alone("VACUUM ANALYZE")


def hurry() -> None:
    """While rows are made nothing has to outlive the machine."""
    for setting in ("fsync = off", "max_wal_size = '4GB'", "checkpoint_timeout = '30min'", "autovacuum = off"):
        alone(f"ALTER SYSTEM SET {setting}")
    alone("SELECT pg_reload_conf()")


def alone(statement: str) -> None:
    """Run it outside of a transaction."""
    from backend.db.session import write_engine

    with write_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql(statement)


def addresses(routes: list[Any], ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A name and an address for each question that REST answers about these rows."""
    for route in routes:
        path = getattr(route, "path", "").removeprefix("/api/v1")
        if "GET" not in getattr(route, "methods", ()):
            continue
        if any(part in path for part in NO_LISTS):
            print(f"{path:64}  left out: a file, or made when asked for")
            continue
        try:
            address = "/api/v1" + path.format(**ids)
        except KeyError as missing:
            print(f"{path:64}  left out: no row for {missing}")
            continue
        for query in WITH_QUERY.get(path, ("",)):
            yield f"{path}?{query}" if query else path, f"{address}?{query}" if query else address


def pages(ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The documents of the pages that hold their first content."""
    from app.pages import PAGES

    for page in PAGES:
        if hasattr(page, "first_content"):
            yield f"page {page.TITLE}", f"/p/bench/{page.PATH}?round={ids['round_id']}"
        else:
            print(f"{f'page {page.TITLE}':64}  left out: nothing of it is in its document")


class Server:
    """The processor time of PostgreSQL's processes."""

    def __init__(self) -> None:
        from backend.db import reading

        with reading() as db:
            told = db.connection().exec_driver_sql("SELECT pg_read_file('postmaster.pid')").scalar()
        self.postmaster = int(str(told).split()[0])

    def seconds(self) -> float:
        """Of those that run now."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[1]) == self.postmaster:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def measure(ids: dict[str, Any], repeats: int, *, with_plans: bool) -> list[str]:
    """Print a line for each address; return the names of those over the budget, or not answered."""
    from fastapi.testclient import TestClient

    from app import first_content, web
    from app.api.routes import rest_routes
    from backend.services.people import accounts

    first_content.BUDGET_SECONDS = 600.0
    actor, slow, server, statements = ids["actor"], list[str](), Server(), Statements()
    asked = [*addresses(rest_routes(), ids), *pages(ids)]
    print(f"{'':64}{'median':>9}{'p95':>9}{'busy':>9}  ms", flush=True)
    with TestClient(web.create_app(with_worker=False)) as client:
        client.post(f"/login/link/{accounts.one_time_link(actor, actor.user_id)}")
        for name, address in asked:
            taken, status = [], client.get(address).status_code
            worked = time.process_time() + server.seconds()
            for _ in range(repeats):
                statements.taken.clear()
                started = time.perf_counter()
                client.get(address)
                taken.append((time.perf_counter() - started) * 1000)
            busy = (time.process_time() + server.seconds() - worked) * 1000 / repeats
            high = sorted(taken)[min(len(taken) - 1, int(len(taken) * 0.95))]
            note = "" if status == 200 else f"  failed: {status}"
            if status != 200:
                slow.append(f"{name} ({status})")
            elif high > BUDGET_MS:
                slow.append(name)
                note += "  over"
            print(f"{name:64}{statistics.median(taken):9.1f}{high:9.1f}{busy:9.1f}{note}", flush=True)
            if high > BUDGET_MS and with_plans:
                explain([entry for entry in statements.taken if entry[0] > SLOW_MS])
    return slow


def explain(statements: list[tuple[float, str, Any]]) -> None:
    """Print how PostgreSQL carries out the slowest two."""
    from backend.db import reading

    for taken, statement, parameters in sorted(statements, key=lambda entry: -entry[0])[:2]:
        print(f"  {taken:.0f} ms: {' '.join(statement.split())[:1500]}")
        with reading() as db:
            for row in db.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters):
                print(f"      {row[0]}")


@contextmanager
def installation() -> Iterator[None]:
    """An empty, migrated one on a cluster of its own."""
    import migrations
    from backend import jobs
    from backend.config import reread
    from backend.db import dispose

    with TemporaryDirectory(prefix="rondo-bench-") as folder, postgres() as url:
        os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = folder, url
        reread()
        migrations.upgrade()
        jobs.prepare()
        try:
            yield
        finally:
            dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--plans", action="store_true", help="of the slowest statements of what is over the budget")
    asked = parser.parse_args()
    with installation():
        ids = build(asked.samples)
        slow = measure(ids, asked.repeats, with_plans=asked.plans)
    print(f"over {BUDGET_MS:g} ms, or failed: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
