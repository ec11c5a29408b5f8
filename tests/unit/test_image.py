"""The container image without a container engine: what its files name exists, and nothing it needs is left out."""

import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from app import cookies
from app.cli.commands import app
from app.guard import OPEN
from backend.config import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
COPIED = [path for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for path in line.split()[:-1]]
LEFT_OUT = ("__pycache__", "*.pyi")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
SETTINGS = {f"RONDO_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the package that is built from nothing but what the image copies."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in COPIED:
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, source / path, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copy(ROOT / path, source)
    built = [sys.executable, "-c", BUILD, str(out)]
    done = subprocess.run(built, cwd=source, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (file,) = out.glob("*.whl")
    return set(zipfile.ZipFile(file).namelist())


def test_what_the_image_copies_reaches_the_build() -> None:
    assert IGNORED[0] == "*"
    assert [path for path in COPIED if not (ROOT / path).exists()] == []
    assert {f"!{path}" for path in COPIED} == {line for line in IGNORED if line.startswith("!")}
    assert {f"**/{pattern}" for pattern in LEFT_OUT} <= set(IGNORED)


def test_the_package_of_the_image_has_every_file_of_its_folders(wheel: set[str]) -> None:
    folders = [ROOT / path for path in COPIED if (ROOT / path).is_dir()]
    files = {p.relative_to(ROOT).as_posix() for folder in folders for p in folder.rglob("*") if p.is_file()}
    files = {name for name in files if "__pycache__" not in name and not name.endswith(".pyi")}
    assert sorted(files - wheel) == []
    assert {"static/rondo.css", "backend/demo/model/model.safetensors", "app/html/login.html"} <= wheel
    assert any(name.startswith("migrations/versions/0001") for name in wheel)
    assert any(name.endswith("/licenses/LICENSE") for name in wheel)


def test_the_image_ends_as_a_user_who_owns_the_data_folder() -> None:
    instructions = [line.split()[0] for line in DOCKERFILE.splitlines() if re.match(r"[A-Z]+ ", line)]
    assert re.search(r"--owner rondo .*/data$", DOCKERFILE, re.MULTILINE)
    assert "RUN" not in instructions[instructions.index("USER") :]
    assert set(re.findall(r"\b(RONDO_[A-Z_]+)=", DOCKERFILE)) <= SETTINGS


def commands() -> list[list[str]]:
    asked = [service["command"] for service in COMPOSE["services"].values() if "command" in service]
    given = re.findall(r"^\s*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return [*asked, *(yaml.safe_load(match) for match in given)]


@pytest.mark.parametrize("command", commands(), ids=shlex.join)
def test_what_the_containers_run_is_a_command(command: list[str]) -> None:
    program, name, *options = command
    assert program == "rondo"
    get_command(app).commands[name].make_context(name, options)  # type: ignore[attr-defined]


def test_the_services_share_what_they_have_to() -> None:
    services: dict[str, Any] = COMPOSE["services"]
    web, worker = services["web-0"], services["worker"]
    for shared in ("image", "environment", "volumes", "restart"):
        assert web[shared] == worker[shared], shared
    assert web | {"networks": None} == services["web-1"] | {"networks": None}
    assert re.search(r'^ENTRYPOINT \["tini", "--"\]$', DOCKERFILE, re.MULTILINE)
    assert re.search(r"apt-get install .*\btini\b", DOCKERFILE)
    assert set(web["environment"]) <= SETTINGS
    assert {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])} == set(
        COMPOSE["volumes"]
    )


def test_the_proxy_keeps_a_browser_with_one_web_process_and_is_believed() -> None:
    services: dict[str, Any] = COMPOSE["services"]
    ours = COMPOSE["configs"]["proxy"]["content"].replace("$$", "$")
    web = [services[name] for name in ("web-0", "web-1")]
    port, trusted = web[0]["environment"]["RONDO_PORT"], web[0]["environment"]["RONDO_TRUSTED_PROXIES"]
    proxy, *addresses = (element["networks"]["default"]["ipv4_address"] for element in (services["proxy"], *web))
    # By the name that it is given nginx chooses: one name for two addresses takes turns.
    assert re.findall(r"server (\S+) ", ours) == [f"{address}:{port}" for address in addresses]
    assert f"map $cookie_{cookies.COOKIE}$http_authorization $visitor {{" in ours
    assert "hash $visitor consistent;" in ours
    assert trusted == f"${{RONDO_TRUSTED_PROXIES:-{proxy}}}"
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    fixed = [ip_address(element) for element in (network["gateway"], proxy, *addresses)]
    assert len({*fixed}) == 4
    for entry in fixed:
        assert entry in ip_network(network["subnet"])
        assert entry not in ip_network(network["ip_range"]), "Docker gives it to whoever comes first"
    assert [element.split(":")[:2] for element in services["proxy"]["ports"]] == [["127.0.0.1", str(port)]]
    assert f"listen {port};" in ours
    assert not any("ports" in service for service in web), "people reach them through the proxy alone"


def test_who_starts_waits_for_what_answers() -> None:
    services: dict[str, Any] = COMPOSE["services"]
    awaited = {name: how for service in services.values() for name, how in service.get("depends_on", {}).items()}
    assert awaited == {name: {"condition": "service_healthy"} for name in ("database", "web-0", "web-1")}
    assert "-h 127.0.0.1" in services["database"]["healthcheck"]["test"][-1]
    asked = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", services["web-0"]["healthcheck"]["test"][-1])
    assert asked is not None
    assert asked[2] in OPEN
    assert int(asked[1]) == services["web-0"]["environment"]["RONDO_PORT"]
    assert f"EXPOSE {asked[1]}" in DOCKERFILE
