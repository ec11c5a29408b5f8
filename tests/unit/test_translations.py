"""The catalogues have every text of the code, translated with the same values in it; and whose language is whose."""

import re

import pytest

from app.widgets import handlebars, template_texts
from backend import translations
from docs import messages

SIGNS = re.compile(r"[<>$`\\]")
VALUE = re.compile(r"\{\{[^}]*\}\}|\{\w*\}")
CATALOGUES = [(language, name) for language in translations.LANGUAGES for name in messages.MAPPINGS if language != "en"]


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


def test_a_text_is_looked_up_in_the_language_of_the_block_and_of_no_other() -> None:
    assert translations.gettext("Overview") == "Overview"
    with translations.using("de"):
        assert translations.gettext("Overview") == "Übersicht"
        assert translations.gettext("no message") == "no message"
        assert translations.gettext("") == ""
        single, several = "({number} item, too few to say)", "({number} items, too few to say)"
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
