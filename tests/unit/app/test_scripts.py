"""Which of Gradio's scripts a page is told of, read from the version that is installed."""

from pathlib import Path

import gradio.routes

from app.widgets import header, scripts

TEMPLATE = (Path(gradio.routes.STATIC_TEMPLATE_LIB) / header.NAME).read_text(encoding="utf-8")


def test_a_page_is_told_of_the_scripts_in_the_order_in_which_they_are_imported() -> None:
    links = scripts.links(TEMPLATE, {"html", "dataframe", "state"})
    assert all((scripts.ASSETS / name).is_file() for name in (*links.scripts, *links.styles))
    names = [name.rsplit("-", 1)[0] for name in links.scripts]
    assert names[0] == "index"
    assert names.index("core") < names.index("Blocks") < names.index("HTML"), "each imports the next when it runs"
    assert {name.rsplit("-", 1)[0] for name in links.styles} >= {"core", "Blocks", "HTML"}


def test_a_page_is_told_of_no_component_that_it_has_not() -> None:
    few, more = (scripts.links(TEMPLATE, types) for types in ({"html"}, {"html", "plot", "dataframe"}))
    assert set(few.scripts) < set(more.scripts)
    assert not any("Plotly" in name for name in more.scripts), "4.6 MB, asked for once there is a chart"


def test_files_that_read_otherwise_give_no_links() -> None:
    assert scripts.links("<html></html>", {"html"}) == scripts.Links()
    assert scripts.links('<script src="./assets/index-unknown.js">', {"html"}).styles == ()
