"""A page's templates drawn by the server, as Gradio draws them in the browser."""

import importlib

import pytest

from app.pages import PAGES
from app.widgets import handlebars


def test_values_are_escaped_and_written_as_javascript_writes_them() -> None:
    template = '<i title="{{value.a}}">{{value.n}} {{value.x}} {{value.yes}} {{value.none}}{{value.no.such}}</i>'
    value = {"a": '"><script>x</script>{{value.n}}${1}\\', "n": 2.0, "x": 2.5, "yes": True, "none": None}
    drawn = handlebars.render(template, value)
    assert drawn == '<i title="&quot;&gt;&lt;script&gt;x&lt;/script&gt;{{value.n}}${1}\\">2 2.5 true </i>'


def test_words_hold_for_what_they_hold_in_the_browser() -> None:
    template = (
        "{{#each value.rows}}{{#if @first}}a{{else}}b{{/if}}{{#unless this.is_in}}{{this.name}}{{/unless}}{{/each}}"
    )
    assert handlebars.render(template, {"rows": [{"name": "x"}, {"name": "y", "is_in": 1}, {"name": "z"}]}) == "axbbz"
    either = "{{#each value.rows}}{{this}}{{else}}none{{/each}}{{#if value.it}}, it{{else}}, not{{/if}}"
    assert handlebars.render(either, {"rows": [1, 2], "it": {}}) == "12, it", "an empty object is something"
    assert handlebars.render(either, {"rows": [], "it": 0}) == "none, not"
    assert handlebars.render(either, None) == "none, not"


def test_a_button_is_disabled_before_anything_listens() -> None:
    assert handlebars.render('<button type="button">{{value}}</button>', "<button>") == (
        '<button disabled type="button">&lt;button&gt;</button>'
    )


@pytest.mark.parametrize(
    "template", ["{{{value}}}", "{{#with value}}{{/with}}", "{{#if value}}", "{{../a}}", "{{/if}}"]
)
def test_what_the_server_does_not_know_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"drawn by the server|not closed"):
        handlebars.render(template, {})


def test_every_template_of_a_page_can_be_drawn_by_the_server() -> None:
    drawn = 0
    for page in PAGES:
        if not hasattr(page, "first_content") or not hasattr(page, "__path__"):
            continue
        templates = importlib.import_module(f"{page.__name__}.templates")
        for name, text in vars(templates).items():
            if name.isupper() and isinstance(text, str) and "{{" in text and not name.endswith(("CSS", "JS")):
                handlebars.render(text, {})
                drawn += 1
    assert drawn > 10
