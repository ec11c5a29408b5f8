"""The rows of `tests.bench.ten_million`, made inside PostgreSQL: one round, eight samples a prompt, a tenth of them
judged, a five-hundredth decided on blindly, and a fifth of these by a second person.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

CHUNK = 500_000
PER_PROMPT = 8
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
            is_override, is_blind, is_random, via, created_at)
        SELECT 'bench-' || n || '-' || person, :project_id, :round_id, (n - 1) / 8 + 1, n, person,
            CASE WHEN n % 1000 = 0 OR (person = :second_id AND n % 7 = 0) THEN 'reject' ELSE 'accept' END, '{}', '',
            1.0 + n % 11, n % 1000 = 0, true, n % 2500 = 500, 'page', now() - interval '1 hour'
        FROM generate_series(CAST(:first AS bigint), :last) AS n,
            LATERAL (VALUES (CAST(:user_id AS bigint)), (CAST(:second_id AS bigint))) AS people(person)
        WHERE n % 500 = 0 AND (person = :user_id OR n % 2500 = 0)""",
}
"""How the rows of each table are made; prompts and groups: one for each `PER_PROMPT` samples."""


def built(number: int, kept: Path | None) -> dict[str, Any]:
    """What names the rows in addresses, their `number`, who asks for them (`actor`), and a second person.

    `kept`: the folder of a cluster that stays; rows that were made in it before are used again. Raises `SystemExit`
    where they are of another number, or were not all made.
    """
    from backend.services.access import Actor

    notes = kept / "rows.json" if kept is not None else None
    if notes is not None and notes.exists():
        ids = json.loads(notes.read_text())
        if ids is None or ids["number"] != number:
            rows = "a part of its rows" if ids is None else f"{ids['number']:,} samples"
            raise SystemExit(f"The cluster in {kept} holds {rows}, not {number:,} samples. Name another folder.")
    else:
        if notes is not None:
            notes.write_text("null")  # until all are made
        ids = build(number)
        if notes is not None:
            notes.write_text(json.dumps(ids))
    ids["actor"] = Actor(**ids["actor"])
    return ids


def build(number: int) -> dict[str, Any]:
    """Make the rows; return what names them."""
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
        "second_id": rows.make_actor(project, Role.reviewer).user_id,
    }
    for table, statement in ROWS.items():
        started, last = time.perf_counter(), num_prompts if table in ("prompts", "groups") else number
        for first in range(1, last + 1, CHUNK):
            with session() as db:
                db.execute(text("SET LOCAL session_replication_role = replica"))  # the keys need no look-up each
                db.execute(text(statement), ids | {"first": first, "last": min(first + CHUNK - 1, last)})
        print(f"{table}: {time.perf_counter() - started:.0f} s", flush=True)
    with session() as db:
        # The count that is kept with each decision; the second person's is made by their next one.
        mine = {"decided": number // 500, "overridden": number // 1000, "overridden_labelled": number // 1000}
        db.add(tables.Tally(round_id=round_.id, user_id=actor.user_id, by_group=False, **mine))
        for table in ("prompts", "groups", "samples"):
            db.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"))
    vacuum()
    return ids | {"sample_id": number // 2, "name": "bench", "number": number, "actor": asdict(actor)}


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
