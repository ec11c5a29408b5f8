"""Registering a checkpoint: folders in and out of the data folder, adapters, endpoints, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.config import settings
from backend.db import reading, tables
from backend.errors import InvalidInput, MissingPrerequisite, PermissionDenied
from backend.services import checkpoints
from backend.services.checkpoints import Endpoint
from backend.values import Role
from tests import rows
from tests.integration.folders import inside, make_adapter, make_folder

pytestmark = pytest.mark.usefixtures("database")


def test_a_folder_inside_the_data_folder_is_stored_relative() -> None:
    project = rows.make_project()
    make_folder(inside())
    id_ = checkpoints.register(rows.make_actor(project, Role.curator), project.id, name="tiny", location="models/tiny")
    with reading() as db:
        row = db.get_one(tables.Checkpoint, id_)
    assert (row.location, row.kind, row.engine["name"], row.engine["model"]) == (
        "models/tiny",
        "base",
        "transformers",
        "models/tiny",
    )
    assert row.details["architecture"] == "LlamaForCausalLM"


def test_an_absolute_path_inside_the_data_folder_is_stored_relative_too() -> None:
    project = rows.make_project()
    folder = make_folder(inside())
    id_ = checkpoints.register(rows.make_actor(project, Role.curator), project.id, name="tiny", location=str(folder))
    with reading() as db:
        assert db.get_one(tables.Checkpoint, id_).location == "models/tiny"


def test_a_folder_elsewhere_needs_an_admin_and_stays_absolute(tmp_path: Path) -> None:
    project = rows.make_project()
    folder = make_folder(tmp_path / "elsewhere")
    for location in (str(folder), "../elsewhere"):
        with pytest.raises(PermissionDenied):
            checkpoints.register(rows.make_actor(project, Role.curator), project.id, name="x", location=location)
    id_ = checkpoints.register(rows.make_actor(project, Role.admin), project.id, name="x", location=str(folder))
    with reading() as db:
        assert db.get_one(tables.Checkpoint, id_).location == str(folder)


def test_a_link_out_of_the_data_folder_needs_an_admin(tmp_path: Path) -> None:
    project = rows.make_project()
    make_folder(tmp_path / "elsewhere")
    (settings().folder / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionDenied):
        checkpoints.register(rows.make_actor(project, Role.curator), project.id, name="x", location="link")


def test_an_adapter_is_recognised_and_hangs_under_its_base() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    make_folder(inside())
    base = checkpoints.register(actor, project.id, name="base", location="models/tiny")
    make_adapter(inside("models/adapter"), "models/tiny")
    adapter = checkpoints.register(actor, project.id, name="adapter", location="models/adapter")
    with reading() as db:
        row = db.get_one(tables.Checkpoint, adapter)
    assert (row.kind, row.parent_id, row.engine["model"], row.engine["adapter"]) == (
        "adapter",
        base,
        "models/tiny",
        "models/adapter",
    )


def cut_off(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def only_pickles(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def promise_more(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "c": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def own_code(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "modeling.Mine"}}))


def header(text: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)


def index(weight_map: object) -> Callable[[Path], object]:
    return lambda folder: (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "half-written"),
        (lambda f: [(f / n).unlink() for n in ("tokenizer.json", "tokenizer_config.json")], "no tokenizer"),
        (lambda f: (f / "tokenizer_config.json").write_text("{}"), "no chat template"),
        (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors"),
        (cut_off, "missing or cut off"),
        (only_pickles, "pickled weights"),
        (promise_more, "lacks 1 tensors of model.safetensors.index.json, e.g. c"),
        (own_code, "auto_map in config.json"),
        *((header(text), "missing or cut off") for text in (b"[]", b'{"a":3}', b'{"a":{"data_offsets":[]}}', b"3")),
        (header(b'{"a":{"data_offsets":[0,"x"]}}'), "missing or cut off"),
        (header(b"[" * 200_000), "missing or cut off"),
        (index(["model.safetensors"]), "does not name a file for each tensor"),
        (index({"a": 3}), "does not name a file for each tensor"),
        (index({"a": ["model.safetensors"]}), "does not name a file for each tensor"),
        (lambda f: (f / "config.json").write_text('{"a":' * 100_000), "nested too deep"),
        (lambda f: (f / "tokenizer_config.json").write_text("[" * 100_000), "nested too deep"),
    ],
)
def test_a_folder_that_cannot_work_is_refused_and_says_why(break_it: Callable[[Path], object], message: str) -> None:
    project = rows.make_project()
    break_it(make_folder(inside()))
    with pytest.raises(InvalidInput, match=message):
        checkpoints.register(rows.make_actor(project), project.id, name="x", location="models/tiny")
    assert checkpoints.tree(rows.make_actor(project), project.id) == []


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("", InvalidInput),
        ("models/no such folder", InvalidInput),
        ("~nosuchuser/x", InvalidInput),
        ("some-org/some-model", MissingPrerequisite),
    ],
)
def test_what_is_not_there_is_refused(location: str, error: type[Exception]) -> None:
    project = rows.make_project()
    with pytest.raises(error):
        checkpoints.register(rows.make_actor(project), project.id, name="x", location=location)


def test_an_adapter_without_its_base_is_refused() -> None:
    project = rows.make_project()
    make_adapter(inside("models/adapter"), "/nowhere/base")
    with pytest.raises(InvalidInput, match="/nowhere/base"):
        checkpoints.register(rows.make_actor(project), project.id, name="x", location="models/adapter")


def test_an_endpoint_needs_an_owner_and_keeps_the_key_out() -> None:
    project = rows.make_project()
    endpoint = Endpoint("http://127.0.0.1:8000/v1/", "tiny", "RONDO_MY_API_KEY")
    with pytest.raises(PermissionDenied):
        checkpoints.register(rows.make_actor(project, Role.admin), project.id, name="x", endpoint=endpoint)
    id_ = checkpoints.register(rows.make_actor(is_owner=True), project.id, name="x", endpoint=endpoint)
    with reading() as db:
        row = db.get_one(tables.Checkpoint, id_)
    assert row.location == "http://127.0.0.1:8000/v1"
    assert (row.engine["model"], row.engine["api_key_env"]) == ("tiny", "RONDO_MY_API_KEY")


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (Endpoint("ftp://host/v1", "m"), "base_url"),
        (Endpoint("http://host/v1", " "), "model's name is empty"),
        (Endpoint("http://host/v1", "m", "sk-secret"), "not the key itself"),
        (Endpoint("http://host/v1", "m", "RONDO_DATABASE_URL"), "not the key itself"),
    ],
)
def test_an_endpoint_that_cannot_work_is_refused(endpoint: Endpoint, message: str) -> None:
    project = rows.make_project()
    with pytest.raises(InvalidInput, match=message):
        checkpoints.register(rows.make_actor(is_owner=True), project.id, name="x", endpoint=endpoint)


@pytest.mark.parametrize("location", ["", "/nowhere/at/all", "~nobody-of-that-name/model", "models/unfinished"])
def test_what_is_wrong_with_a_location_names_its_field(location: str) -> None:
    project = rows.make_project()
    (settings().folder / "models" / "unfinished").mkdir(parents=True)
    with pytest.raises(InvalidInput) as refused:
        checkpoints.register(rows.make_actor(project, Role.admin), project.id, name="x", location=location)
    assert refused.value.field == "location"
