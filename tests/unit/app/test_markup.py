"""Gradio runs what Handlebars made as a JavaScript template literal: values must come out of it as they went in."""

from app.widgets.markup import literal, markup


def test_every_dollar_and_backslash_is_written_for_a_template_literal() -> None:
    assert literal("${alert(1)} \\u{zz}") == "\\${alert(1)} \\\\u{zz}"
    assert literal({"a": ["$", 1, None, ("\\",)]}) == {"a": ["\\$", 1, None, ["\\\\"]]}


def test_all_markup_goes_through_it() -> None:
    component = markup("{{value}}", value="${1}")
    assert component.postprocess({"x": "$"}) == {"x": "\\$"}
    assert component.get_config()["value"] == "\\${1}"
