"""The generated pages of docs/reference, the paper index and the generated client say what the code says."""

import pytest

from backend.config import Settings
from backend.services import recipe_list
from backend.services.recipes import parts
from docs import client, generate

PAGES = generate.pages()
CLIENT = client.modules()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    written = (generate.HERE / name).read_text(encoding="utf-8")
    assert written == PAGES[name], f"{name} is stale. Run `python -m docs.generate`."


def test_the_paper_index_is_what_the_recipes_say() -> None:
    written = generate.INDEX.read_text(encoding="utf-8")
    assert written == generate.index_page(), "The paper index is stale. Run `python -m docs.generate`."


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_is_what_the_routes_say(name: str) -> None:
    written = (client.FOLDER / name).read_text(encoding="utf-8")
    assert written == CLIENT[name], f"app/client/{name} is stale. Run `python -m docs.generate`."


def test_every_part_has_its_heading_and_each_of_its_knobs() -> None:
    for kind, named in parts.describe().items():
        page = PAGES[f"parts/{kind.replace('_', '-')}s.md"]
        # Other tests register parts of their own, of which the pages say nothing.
        ours = {name for name, cls in parts.KINDS[kind].registry.items() if cls.__module__.startswith("backend.")}
        assert ours
        for name, knobs in ((name, named[name]) for name in ours):
            section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            assert section, f"{kind} {name} has no section"
            assert [knob.name for knob in knobs if f"`{knob.name}`" not in section] == []


def test_a_knob_is_told_with_its_default_and_bounds() -> None:
    section = PAGES["parts/generators.md"].partition("\n## sample\n")[2].partition("\n## ")[0]
    assert "| `n` | int | `4` | at least 1, at most 1024 | samples of each prompt |" in section


def test_every_recipe_route_setting_and_command_is_told() -> None:
    assert [entry.name for entry, _ in recipe_list.registered() if f"[`{entry.name}`]" not in PAGES["recipes.md"]] == []
    assert [name for name in Settings.model_fields if f"`RONDO_{name.upper()}`" not in PAGES["settings.md"]] == []
    for route in ("GET /rounds/{round_id}", "POST /projects/{project_id}/rounds", "GET /me"):
        assert f"`{route}`" in PAGES["rest.md"], route
    for command in ("rondo up", "rondo round launch", "rondo db backup"):
        assert f"\n## {command}\n" in PAGES["command-line.md"], command
