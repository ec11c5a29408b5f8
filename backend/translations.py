"""The texts of pages in the language of whoever reads them: GNU gettext, whose catalogues lie in `locale/`.

English is the source: its texts are the names of the messages, so that in English nothing is looked up. A sentence is
one message, with its values named: `gettext("Round {number} is done").format(number=3)`. What is built once for all is
marked by `N_` and translated where it is sent. Errors, logs, the command line and answers to programs stay English.
"""

import gettext as standard
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Each by its own name. To add one: docs/how-to/languages.md."""
SOURCE = "en"
FOLDER = Path(__file__).parent / "locale"
PAGES, SCRIPTS = "rondo", "rondo-js"
"""The catalogues: what the server writes, and what scripts write."""
CONTEXT = "\x04"
"""Between a context and its message, as in compiled catalogues."""

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


@dataclass(frozen=True)
class Messages:
    """What is translated, by its English text, and which of its forms goes with a number."""

    forms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    form_of: Callable[[int], int] = lambda number: int(number != 1)


def language() -> str:
    """Return the language of the texts that are being written."""
    return _language.get()


@contextmanager
def using(chosen: str) -> Iterator[None]:
    """Write in this language, in this thread or task, to the end of the block."""
    before = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(before)


def gettext(message: str) -> str:
    """Return the text in the reader's language; itself where nobody translated it."""
    forms = read(_language.get(), PAGES).forms.get(message)
    return forms[0] if forms else message


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form that goes with the number."""
    messages = read(_language.get(), PAGES)
    if forms := messages.forms.get(singular):
        return forms[min(messages.form_of(number), len(forms) - 1)]
    return singular if number == 1 else plural


def pgettext(context: str, message: str) -> str:
    """Return a text that other languages say differently elsewhere: the context says where it stands."""
    forms = read(_language.get(), PAGES).forms.get(f"{context}{CONTEXT}{message}")
    return forms[0] if forms else message


def N_(message: str) -> str:
    """Mark a text that is translated elsewhere; return it as it is."""
    return message


def in_sentence(text: str) -> str:
    """Return a label as it stands within a sentence. English writes it small; German nouns keep their capitals."""
    return text.lower() if _language.get() == SOURCE else text


@cache
def script_messages(chosen: str) -> dict[str, str | tuple[str, ...]]:
    """Return what `static/gettext.js` reads: a text for a text, several for one with a plural."""
    forms_of = read(chosen, SCRIPTS).forms
    return {text: forms if len(forms) > 1 else forms[0] for text, forms in forms_of.items()}


@cache
def read(chosen: str, catalogue: str) -> Messages:
    """Return a language's catalogue; nothing for the source."""
    if chosen == SOURCE:
        return Messages()
    from babel.messages.pofile import read_po  # noqa: PLC0415 - most installations never need it

    with (FOLDER / chosen / "LC_MESSAGES" / f"{catalogue}.po").open("rb") as file:
        known = read_po(file, locale=chosen)
    forms_of: dict[str, tuple[str, ...]] = {}
    for message in known:
        id_ = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if id_ and all(forms) and not message.fuzzy:
            forms_of[f"{message.context}{CONTEXT}{id_}" if message.context else id_] = forms
    return Messages(forms_of, standard.c2py(known.plural_expr))  # type: ignore[attr-defined]


def of_request(chosen: str | None, cookie: str | None, accepted: str) -> str:
    """Return the language to answer in: the person's choice, else the browser's cookie, else what the browser asks for.

    `accepted` is an Accept-Language header. What is no language of ours counts as nothing.
    """
    for wish in (chosen, cookie):
        if wish in LANGUAGES:
            return wish
    return next((wish for wish in _wishes(accepted) if wish in LANGUAGES), SOURCE)


def _wishes(accepted: str) -> list[str]:
    """The languages of the header without their countries, the most wanted first."""
    wishes = []
    for entry in accepted.split(",")[:20]:
        tag, _, rest = entry.strip().partition(";")
        try:
            weight = float(rest.strip().lower().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0:
            wishes.append((weight, tag.partition("-")[0].lower()))
    return [tag for _, tag in sorted(wishes, key=lambda wish: -wish[0])]
