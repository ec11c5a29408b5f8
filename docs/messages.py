"""Brings the catalogues in `backend/locale/` up to date with the code: `python -m docs.messages`, or `make messages`.

New messages are added without a translation, those that are gone are removed. tests/unit/test_translations.py fails
where that is left to do.
"""

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from babel.util import pathmatch

from backend import translations

ROOT = Path(__file__).parents[1]
MAPPINGS = {translations.PAGES: "pages.ini", translations.SCRIPTS: "scripts.ini"}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
FOLDERS = ("app", "backend", "static")
MARK = re.compile(r"gettext\(|\b_\(|\bN_\(|</")
WIDTH = 120


def extracted(catalogue: str) -> Catalog:
    """Return the messages of the code, without translations."""
    with (translations.FOLDER / MAPPINGS[catalogue]).open(encoding="utf-8") as file:
        methods, _ = parse_mapping_cfg(file)
    messages = Catalog(charset="utf-8")
    for file in sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.*")):
        name = file.relative_to(ROOT).as_posix()
        method = next((method for pattern, method in methods if pathmatch(pattern, name)), None)
        # Most modules have no message, and finding that out by reading them takes seconds.
        if method is None or not MARK.search(file.read_text(encoding="utf-8")):
            continue
        for _, message, comments, context in extract_from_file(method, file, KEYWORDS):
            messages.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return messages


def path_of(language: str, catalogue: str) -> Path:
    """Return where a catalogue lies."""
    return translations.FOLDER / language / "LC_MESSAGES" / f"{catalogue}.po"


def translated(language: str, catalogue: str) -> Catalog:
    """Return what is translated; nothing where the language is new."""
    path = path_of(language, catalogue)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Write all catalogues anew."""
    for catalogue in MAPPINGS:
        template = extracted(catalogue)
        for language in translations.LANGUAGES:
            if language == translations.SOURCE:
                continue
            messages, path = translated(language, catalogue), path_of(language, catalogue)
            messages.update(template, no_fuzzy_matching=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, messages, width=WIDTH, omit_header=True, ignore_obsolete=True, include_lineno=False)


if __name__ == "__main__":
    update()
