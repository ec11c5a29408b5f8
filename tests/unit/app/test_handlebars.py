"""A page's templates drawn by the server, as Gradio draws them in the browser."""

import importlib

import pytest

from app.pages import PAGES
from app.widgets import first, handlebars


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
    with pytest.raises(ValueError, match="over a dict"):
        handlebars.render(either, {"rows": {"a": 1}})


def test_a_button_is_disabled_before_anything_listens() -> None:
    assert handlebars.render('<button type="button">{{value}}</button>', "<button>") == (
        '<button disabled type="button">&lt;button&gt;</button>'
    )


@pytest.mark.parametrize(
    "template",
    ["{{{value}}}", "{{#with value}}{{/with}}", "{{#if value}}", "{{../a}}", "{{/if}}", "{{@index}}", "{{a.@first}}"]
    + ["{{..}}", "{{value.length}}", "{{#if value.length}}{{/if}}", "{{#if @last}}{{/if}}"],
)
def test_what_the_server_does_not_know_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"drawn by the server|not closed"):
        handlebars.render(template, {})


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, 1e-7, 1e22, 2**60, float("nan"), float("inf"), b"x", {1}])
def test_a_value_that_javascript_may_write_otherwise_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not drawn by the server"):
        handlebars.render("{{value}}", value)


def test_nothing_is_announced_before_it_is_there_for_good() -> None:
    drawn = handlebars.render('<p role="status">a</p><p class="b" aria-live="polite" role="note">c</p>', None)
    assert drawn == '<p>a</p><p class="b" role="note">c</p>'


def test_parts_without_a_word_are_left_out_and_css_is_written_once() -> None:
    rows = [
        first.FirstPart("a", "<p>{{value}}</p>", "p { }", "word"),
        first.FirstPart("b", "<p>{{value}}</p>", "p { }", " "),
        first.Listed([first.Toolbar(first.FirstPart("c", "<b>{{value}}</b>", "p { }", "<"))]),
    ]
    assert rows[1].html == ""
    assert first.styles(rows) == {"p { }": ["a", "c"]}


def test_every_template_of_a_page_can_be_drawn_by_the_server() -> None:
    drawn = 0
    for page in PAGES:
        if not hasattr(page, "first_content") or not hasattr(page, "__path__"):
            continue
        templates = importlib.import_module(f"{page.__name__}.templates")
        for name, text in vars(templates).items():
            assert not name.isupper() or "@keyframes" not in str(text), "no rule may hold it; write it in rondo.css"
            if name.isupper() and isinstance(text, str) and "{{" in text and not name.endswith(("CSS", "JS")):
                handlebars.render(text, None)
                drawn += 1
    assert drawn > 10
