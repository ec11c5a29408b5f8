"""Fixtures: a fresh database, built by the migrations, on SQLite and on PostgreSQL."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# The same examples on every machine and in every run: a red test is red again.
hypothesis.settings.register_profile("rondo", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("rondo")

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _postgres_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private PostgreSQL cluster on a free loopback port; yields its address without a database."""
    binaries = _postgres_binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and under CI nothing is skipped. Install Debian's `postgresql`.")
        pytest.skip("PostgreSQL is not installed. `apt-get install postgresql` to run these.")
    folder = Path(f"/tmp/rondo-pg-{uuid.uuid4().hex[:8]}")
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(_as_postgres([*initdb, "--locale=C.UTF-8"]), check=True, capture_output=True)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run(
        _as_postgres([*control, "-l", str(folder / "log"), "-o", options, "start"]),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    finally:
        subprocess.run(_as_postgres([*control, "-m", "immediate", "stop"]), check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A migrated, empty database of this test's own; the settings point at it. Yields its address."""
    from sqlalchemy import create_engine, text

    import migrations
    from backend import jobs
    from backend.config import settings
    from backend.db import dispose

    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'data' / 'rondo.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        name = f"t{uuid.uuid4().hex[:12]}"
        admin = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = f"{server}/{name}"
    monkeypatch.setenv("RONDO_DATABASE_URL", url)
    settings.cache_clear()
    dispose()
    migrations.upgrade(url)
    jobs.prepare()
    try:
        yield url
    finally:
        dispose()
        settings.cache_clear()
