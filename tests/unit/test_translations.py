"""The catalogues have every text of the code, translated with the same values in it; and whose language is whose."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.widgets import handlebars, template_texts
from backend import translations
from docs import messages

SIGNS = re.compile(r"[<>$`\\]")
VALUE = re.compile(r"\{\{[^}]*\}\}|\{\w*\}")
THOUSANDS = re.compile(r"\d[.,]\d{3}")
PERCENT = re.compile(r"[\d}] %")
FORMAL = re.compile(r"\w+e[ln] Sie\b")
NO_WORDS = {
    *("{} rest of the step", "log-prob {}", "{} min", "{} h {} min", "best {}", "Rondo {}"),
    *("rondo-lacks rondo-lacks-{}", "rondo-toolbar {}", "The export is {}. Start it again."),
    *("The role {}", "The review setting {}"),
}
"""Keys, units, classes of CSS, errors."""
LABELLING = ("label", "info", "placeholder", "none", "empty_message")
SPEAKING = ("Tab", "Accordion", "Markdown", "notice", "primary", "secondary", "stop")
MARKS = ("gettext", "ngettext", "N_")
UNTRANSLATED = {
    *("temperature", "top_p", "max_tokens", "seed", "base_url", "model", "api_key_env", "concurrency", "timeout"),
    *("owner/name", "README.md", "https://example.org/rondo", "2026-02-01"),
}
"""Names of parameters and of a file, and examples of what is typed."""
WORDS = re.compile(r"[a-z]{3,} [a-z]{2,}|\{\} [a-z]{3,}|[a-z]{3,} \{\}")
ONE_WORD = {"score": ("Bewertung", "Note"), "reward": ("Belohn",), "winner": ("Gewinner",), "logged": ("protokoll",)}
"""Words of the field, and what they are not called in German since they have a word already."""
CATALOGUES = [(language, name) for language in translations.LANGUAGES for name in messages.MAPPINGS if language != "en"]


@pytest.mark.parametrize("name", messages.MAPPINGS)
def test_a_word_of_the_field_has_one_word_in_german(name: str) -> None:
    texts = [
        (message.id, str(message.string)) for message in messages.translated("de", name) if isinstance(message.id, str)
    ]
    twice = {
        (text, other)
        for text, german in texts
        for word, others in ONE_WORD.items()
        for other in others
        if re.search(rf"\b{word}s?\b", text) and re.search(rf"\b{other}", german)
    }
    assert twice == set()


@pytest.mark.parametrize(("language", "name"), CATALOGUES)
def test_a_catalogue_is_complete(language: str, name: str) -> None:
    known, template = messages.translated(language, name), messages.extracted(name)
    there, wanted = (
        {(message.context, message.id) for message in catalogue if message.id} for catalogue in (known, template)
    )
    assert sorted(map(str, wanted - there)) == [], "make messages adds them"
    assert sorted(map(str, there - wanted)) == [], "make messages removes them"
    assert [message.id for message in known if message.id and message.fuzzy] == []
    assert not known.obsolete
    for message in (message for message in known if message.id):
        first, *more = (message.id,) if isinstance(message.id, str) else message.id
        needed, *others = (set(VALUE.findall(text)) for text in (first, *more))
        forms = (message.string,) if isinstance(message.string, str) else message.string
        assert all(forms), f"{first!r} is not translated"
        for form in forms:
            # One of a plural's texts may say "one" in a word, and need no number.
            assert needed.intersection(*others) <= set(VALUE.findall(form)) <= needed.union(*others), first
            # A template is run as JavaScript once more, where these would be read.
            assert set(SIGNS.findall(form)) <= set(SIGNS.findall(first)), first
            # What stands before it in a template ends with a blank.
            assert form[0] not in ",.;:" or first[0] in ",.;:", form
            # Numbers are written as in English.
            assert set(THOUSANDS.findall(form)) <= set(THOUSANDS.findall(first)), form
            # A share is written as in English, by app/widgets/formats.py: 44.0%.
            assert not PERCENT.search(form), form
            assert not PERCENT.search(first), first
            assert language != "de" or not FORMAL.search(form), f"{form!r} does not say du"


def test_what_is_looked_up_is_in_the_catalogue() -> None:
    """What stands within an f-string is not extracted: nobody would see that it is never translated."""
    root, known = Path(translations.__file__).parents[1], translations.read("de", translations.PAGES).forms
    there = [
        f"{file.name}: {call.args[0].value}"
        for folder in ("app", "backend")
        for file in sorted((root / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("gettext", "ngettext", "N_")
        if call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value not in known
    ]
    assert there == []


def test_nothing_is_looked_up_twice() -> None:
    root = Path(translations.__file__).parents[1]
    there = [
        f"{file.name}:{call.lineno}"
        for folder in ("app", "backend")
        for file in sorted((root / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "gettext"
        if call.args and isinstance(inner := call.args[0], ast.Call) and isinstance(inner.func, ast.Name)
        if inner.func.id in ("gettext", "ngettext", "pgettext")
    ]
    assert there == [], "a German text is no message"


def test_no_sentence_of_a_translated_page_is_put_together_past_the_catalogue() -> None:
    folder = Path(translations.__file__).parents[1] / "app"
    files = [folder / "forms.py", *sorted((folder / "widgets").glob("*.py")), *sorted((folder / "pages").rglob("*.py"))]
    there = [
        f"{file.name}: {text}"
        for file in files
        for text in _put_together(ast.parse(file.read_text(encoding="utf-8")))
        if WORDS.search(text) and text not in NO_WORDS and not re.search(r"[<>\n]", text)
    ]
    assert there == [], "one message with gettext says each of them"


def test_shares_are_written_by_one_function() -> None:
    folder = Path(translations.__file__).parents[1] / "app"
    files = [*sorted((folder / "widgets").glob("*.py")), *sorted((folder / "pages").rglob("*.py"))]
    there = [
        f"{file.name}: {spec}"
        for file in files
        if file.name != "formats.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        for spec in _shares(node)
    ]
    assert there == [], "formats.percent writes a share, formats.in_percent a number in per cent"


def test_no_sentence_of_a_service_parts_a_number_from_its_percent_sign() -> None:
    services = Path(translations.__file__).parent / "services"
    there = [
        f"{file.name}: {ast.unparse(node)}"
        for file in sorted(services.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and re.search(r"\} %(?![\w{])", ast.unparse(node))
    ]
    assert there == [], "pages show it beside shares that are written 44.0%"


def _shares(text: ast.JoinedStr) -> Iterator[str]:
    """The parts of an f-string that write a share by themselves: `{share:.1%}`, `{percent} %`; not those of Plotly."""
    yield from re.findall(r":[^{}]*%\}(?!\})|\} %(?![\w{])", ast.unparse(text))


def test_no_sentence_of_a_report_is_written_past_the_catalogue() -> None:
    """Nor what the steps of a recipe are: services write both for pages."""
    backend = Path(translations.__file__).parent
    files = [*sorted((backend / "services" / "round_report").glob("*.py")), backend / "recipes" / "_step_lines.py"]
    there = [
        f"{file.name}: {text}"
        for file in files
        for text in _unmarked(ast.parse(file.read_text(encoding="utf-8")))
        if re.search(r"\w \w.*[.:]$|\w: ", text)
    ]
    assert there == [], "gettext says each of them in the language of who reads it"


def _unmarked(module: ast.Module) -> Iterator[str]:
    """The texts of a module that are neither docstrings nor errors, and that nothing looks up."""
    left: list[ast.AST] = [module]
    while left:
        node = left.pop()
        is_marked = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (*MARKS, "pgettext")
        if (
            is_marked
            or isinstance(node, ast.Raise)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ):
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        left += [] if isinstance(node, ast.JoinedStr) else ast.iter_child_nodes(node)


def test_no_label_is_written_past_the_catalogue() -> None:
    folder = Path(translations.__file__).parents[1] / "app"
    files = [*sorted((folder / "widgets").glob("*.py")), *sorted((folder / "pages").rglob("*.py"))]
    there = [
        f"{file.name}: {text}"
        for file in files
        for text in _labels(ast.parse(file.read_text(encoding="utf-8")))
        if text not in UNTRANSLATED
    ]
    assert there == [], "N_ marks a text of what is built once, gettext translates one in a listener"


def _labels(module: ast.Module) -> Iterator[str]:
    """What components and notices are given as words, where it is a text as it stands in the code."""
    for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = [keyword.value for keyword in call.keywords if keyword.arg in LABELLING]
        given += call.args[:1] if name in SPEAKING else call.args[1:2] if name == "only" else []
        for word in given:
            if isinstance(word, ast.Constant) and isinstance(word.value, str) and re.search(r"[^\W\d_]{2}", word.value):
                yield word.value


def _put_together(node: ast.AST) -> Iterator[str]:
    """The f-strings below a node, each value as {}, but for those of errors."""
    if isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for child in ast.iter_child_nodes(node):
        yield from _put_together(child)


def test_a_sentence_of_both_catalogues_has_one_translation() -> None:
    pages, scripts = (translations.read("de", name).forms for name in messages.MAPPINGS)
    both = [text for text in pages.keys() & scripts.keys() if text.endswith(".")]
    assert [text for text in both if pages[text] != scripts[text]] == []


def test_a_text_is_looked_up_in_the_language_of_the_block_and_of_no_other() -> None:
    assert translations.gettext("Overview") == "Overview"
    with translations.using("de"):
        assert translations.gettext("Overview") == "Übersicht"
        assert translations.gettext("no message") == "no message"
        assert translations.gettext("") == ""
        single, several = "({number} item, interval unknown)", "({number} items, interval unknown)"
        forms = [translations.ngettext(single, several, number).partition(",")[0] for number in (0, 1, 2)]
        assert forms == ["({number} Elemente", "({number} Element", "({number} Elemente"]
    assert translations.language() == "en"


@pytest.mark.parametrize(
    ("chosen", "cookie", "accepted", "language"),
    [
        (None, None, "", "en"),
        (None, None, "fr,de-AT;q=0.8,en;q=0.5", "de"),
        (None, None, "en,de;q=0.9", "en"),
        (None, None, "de;q=0,*;q=x", "en"),
        (None, None, "en;Q=0.4,DE;Q=0.5", "de"),
        (None, "de", "en", "de"),
        ("en", "de", "de", "en"),
        ("xx", "../de", "de", "de"),
    ],
)
def test_whose_choice_counts(chosen: str | None, cookie: str | None, accepted: str, language: str) -> None:
    assert translations.of_request(chosen, cookie, accepted) == language


def test_the_words_of_a_template_are_translated_and_nothing_else() -> None:
    template = (
        '<p title="Warnings" class="Warnings">{{#if value.name}}No warning{{else}} Samples\n{{/if}}</p>'
        "<code>Samples</code><i>Texts of {{value.spread}}.</i>{{value.name}}"
    )
    assert template_texts.texts(template) == ["Warnings", "No warning", "Samples", "Texts of {{value.spread}}."]
    with translations.using("de"):
        assert template_texts.translated(template) == (
            '<p title="Warnungen" class="Warnings">{{#if value.name}}Keine Warnung{{else}} Samples\n{{/if}}</p>'
            "<code>Samples</code><i>Texte von {{value.spread}}.</i>{{value.name}}"
        )
        assert "<i>Texte von &lt;b&gt;.</i>Samples" in handlebars.render(template, {"spread": "<b>", "name": "Samples"})
