"""Fixtures: a fresh database, built by the migrations, on SQLite and on PostgreSQL."""

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Pool, event

from backend.config import Settings
from backend.errors import MissingPrerequisite
from tests.garbage import collect, set_apart
from tests.installation import leave, migrate, point_at
from tests.ports import reserve_port
from tests.postgres_databases import Databases

# The same examples on every machine and in every run: a red test is red again.
# How long one takes to make is a matter of the machine.
hypothesis.settings.register_profile(
    "rondo",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("rondo")

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Hundreds of processes are started here: what one compiles, the next one has.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# The settings of the person who runs the tests do not count: not from the environment, nor from a file .env, which
# counts for less than the environment.
for _name, _field in Settings.model_fields.items():
    os.environ.pop(f"RONDO_{_name.upper()}", None)
    if _name not in ("host", "port") and _field.default is not None:
        os.environ[f"RONDO_{_name.upper()}"] = str(_field.default)
Settings.model_config["env_file"] = None
# Whoever asks between two tests, a page on its way out say, must not find the data of the person who runs them.
os.environ["RONDO_DATA_DIR"] = "/nowhere/rondo"
os.environ["RONDO_DATABASE_URL"] = ""


@event.listens_for(Pool, "connect")
def _in_no_order(connection: Any, _record: Any) -> None:
    """Rows that nobody ordered come last first: a query that needs an order and names none fails here, too.

    PostgreSQL gives such rows in the order of their last change, which is the expected one nearly always.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects=ON")


LENIENT = {"browser", "acceptance"}
"""Folders of tests that do not fail on what is left open: not all of them were looked through for it."""

SLOW_UNITS = {"test_expressions.py", "test_forms.py", "test_imports.py", "test_sandbox.py", "test_transformers.py"}
"""Files of unit tests that take long. They come first: last of all, one process would run them while the others wait."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Collect the tests, and no garbage meanwhile: all that is made stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        set_apart()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes long first, and leave out the PostgreSQL half of tests marked `on_sqlite`.

    All of them run where RONDO_ALL_DATABASES is set.
    """
    items.sort(key=lambda item: item.path.name not in SLOW_UNITS or "unit" not in item.path.parts)
    for item in items:
        if LENIENT.intersection(item.path.parts):
            for kind in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind}"))
    if os.environ.get("RONDO_ALL_DATABASES"):
        return

    def is_left_out(item: pytest.Item) -> bool:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        return item.get_closest_marker("on_sqlite") is not None and params.get("database") == "postgresql"

    left_out = [item for item in items if is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not is_left_out(item)]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_to_others() -> Iterator[None]:
    """Collect what a module left open at its end, so that no other one fails for it."""
    yield
    collect()


def _postgres_binaries() -> Path | None:
    paths = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if paths:
        return paths[-1].parent
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
    data = folder / "data"
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(_as_postgres([*initdb, "--locale=C.UTF-8"]), check=True, capture_output=True)
    reserved, port = reserve_port()
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 -c jit=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-t", "600"]
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
        reserved.close()


@pytest.fixture(scope="session")
def sandboxed() -> None:
    """Programs that a model wrote can be run here: bubblewrap is installed, and the kernel lets it make namespaces."""
    from backend import sandbox

    try:
        sandbox.check()
    except MissingPrerequisite as problem:
        if shutil.which("bwrap") is None and os.environ.get("CI"):
            pytest.fail("bubblewrap is not installed, and under CI nothing is skipped. Install Debian's `bubblewrap`.")
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file that nobody has open."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate("", folder)
    assert [path.name for path in folder.iterdir()] == ["rondo.db"], "a file beside it would be left behind"
    return folder / "rondo.db"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A migrated, empty PostgreSQL database that nobody is connected to, and its copies."""
    Databases.make(postgres_server, "migrated")
    migrate(f"{postgres_server}/migrated", tmp_path_factory.mktemp("migrated"))
    databases = Databases(postgres_server, "migrated")
    yield databases
    databases.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A migrated, empty database of this test's own; the settings point at it. Yields its address."""
    folder = tmp_path / "data"
    folder.mkdir()
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "rondo.db")
        point_at(f"sqlite:///{folder / 'rondo.db'}", folder, monkeypatch)
        try:
            yield f"sqlite:///{folder / 'rondo.db'}"
        finally:
            leave()
        return
    databases: Databases = request.getfixturevalue("migrated_postgres")
    address = databases.take()
    point_at(address, folder, monkeypatch)
    try:
        yield address
    finally:
        leave()
        databases.give_back(address)
