"""The manifests and scripts of the how-to pages: they can be read, fit together, and run commands that exist."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from app import cookies
from app.cli.commands import app
from app.guard import OPEN
from backend.config import Settings

PAGES = Path(__file__).parents[2] / "docs/how-to"
SETTINGS = {f"RONDO_{name.upper()}" for name in Settings.model_fields}


def block(page: str, language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
    assert match is not None
    return match[1]


MANIFESTS: list[Any] = list(yaml.safe_load_all(block("run-on-kubernetes.md", "yaml")))
SCRIPT = block("run-on-slurm.md", "bash")
SETS = [entry for entry in MANIFESTS if entry["kind"] in ("Deployment", "StatefulSet")]


def of(kind: str) -> list[Any]:
    return [entry for entry in MANIFESTS if entry["kind"] == kind]


def container(workload: Any) -> Any:
    (result,) = workload["spec"]["template"]["spec"]["containers"]
    return result


def shell_commands() -> list[str]:
    """Every `rondo ...` of the pages' blocks, without what a shell adds behind it."""
    results = []
    for page in ("run-on-kubernetes.md", "run-on-slurm.md", "run-several-workers.md", "run-containers.md"):
        blocks = re.findall(r"```\w*\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
        text = re.sub(r"\$\w+|\$\([^)]*\)", "x", "\n".join(blocks))
        matches = re.findall(
            r"(?:^|web-0 |-- |; |\{ |, )(rondo (?:up|worker|workers|user|db)\b[^\n;&|\]#]*)", text, re.M
        )
        results += [match.strip() for match in matches]
    return sorted(set(results))


@pytest.mark.parametrize("line", shell_commands())
def test_a_command_of_the_pages_exists(line: str) -> None:
    _parse(shlex.split(line)[1:])


def test_the_pages_show_the_commands_that_this_test_reads() -> None:
    assert {"rondo workers", "rondo up --no-worker", "rondo workers resume --all"} <= set(shell_commands())
    assert any(line.startswith("rondo worker --queues generate,train --executor-id") for line in shell_commands())
    assert len(shell_commands()) >= 10


@pytest.mark.parametrize("workload", SETS, ids=lambda entry: entry["metadata"]["name"])
def test_a_workload_selects_its_own_pods_and_runs_a_command(workload: Any) -> None:
    spec, entry = workload["spec"], container(workload)
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert "command" not in entry, "it would take the place of the image's entry point"
    assert entry["args"][0] == "rondo"
    _parse(entry["args"][1:])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe in entry:
            assert entry[probe]["httpGet"]["path"] in OPEN
            assert entry[probe]["httpGet"]["port"] == entry["ports"][0]["containerPort"]
    claims = {claim["metadata"]["name"] for claim in of("PersistentVolumeClaim")}
    assert {volume["persistentVolumeClaim"]["claimName"] for volume in spec["template"]["spec"]["volumes"]} == claims
    (mounted,) = entry["volumeMounts"]
    (config,) = of("ConfigMap")
    assert mounted["mountPath"] == config["data"]["RONDO_DATA_DIR"]
    assert entry["envFrom"][0]["configMapRef"]["name"] == config["metadata"]["name"]
    assert set(config["data"]) <= SETTINGS
    assert all(isinstance(value, str) for value in config["data"].values())


def test_the_way_in_leads_to_the_web_processes_and_keeps_a_browser_with_one() -> None:
    (service, _), (ingress,), (web,) = of("Service"), of("Ingress"), of("Deployment")
    assert service["spec"]["selector"] == web["spec"]["selector"]["matchLabels"]
    assert service["spec"]["ports"][0]["targetPort"] == container(web)["ports"][0]["containerPort"]
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert path["backend"]["service"]["port"]["number"] == service["spec"]["ports"][0]["port"]
    sticky = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/upstream-hash-by"]
    assert sticky.startswith(f"$cookie_{cookies.COOKIE}")
    assert all(isinstance(value, str) for value in ingress["metadata"]["annotations"].values())


def test_a_pod_that_goes_drains_its_worker() -> None:
    (workers,), (_, headless) = of("StatefulSet"), of("Service")
    assert workers["spec"]["serviceName"] == headless["metadata"]["name"]
    assert headless["spec"] == {"clusterIP": "None", "selector": workers["spec"]["selector"]["matchLabels"]}
    entry = container(workers)
    shell, option, line = entry["lifecycle"]["preStop"]["exec"]["command"]
    assert (shell, option) == ("sh", "-c")
    assert line.startswith("kill -USR1 1 ")  # the image's first process passes it on
    assert entry["args"][entry["args"].index("--executor-id") + 1] == "$(POD_NAME)"
    assert {variable["name"] for variable in entry["env"]} == {"POD_NAME"}


def test_the_script_of_slurm_is_one_and_drains_before_its_time_is_up() -> None:
    done = subprocess.run(["bash", "-n"], input=SCRIPT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    options = re.findall(r"^#SBATCH (--[a-z-]+)=\S+$", SCRIPT, re.MULTILINE)
    assert len(options) == SCRIPT.count("#SBATCH")
    assert "--signal=B:USR1@" in SCRIPT
    assert """trap 'kill -USR1 "$worker"' USR1""" in SCRIPT


def _parse(arguments: list[str]) -> None:
    """Read the arguments as the command line does; raises where a command or an option is none."""
    command: Any = get_command(app)
    while arguments and arguments[0] in getattr(command, "commands", {}):
        command, arguments = command.commands[arguments[0]], arguments[1:]
    with command.make_context("rondo", list(arguments)):
        pass
