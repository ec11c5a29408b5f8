"""Brings the catalogues in `backend/locale/` up to date with the code: `python -m docs.messages`, or `make messages`.

New messages are added without a translation, those that are gone are removed. tests/unit/test_translations.py fails
where that is left to do.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from backend import translations

ROOT = Path(__file__).parents[1]
MAPPINGS = {translations.PAGES: "pages.ini", translations.SCRIPTS: "scripts.ini"}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
WIDTH = 120


def extracted(catalogue: str) -> Catalog:
    """Return the messages of the code, without translations."""
    with (translations.FOLDER / MAPPINGS[catalogue]).open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    messages = Catalog(charset="utf-8")
    folders = ("static",) if catalogue == translations.SCRIPTS else ("app", "backend")
    for name, _, message, comments, context in extract_from_dir(
        ROOT, methods, options, KEYWORDS, directory_filter=lambda path: _is_ours(path, folders)
    ):
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


def _is_ours(path: str, folders: tuple[str, ...]) -> bool:
    parts = Path(path).relative_to(ROOT).parts
    return not parts or (parts[0] in folders and parts[-1] not in ("__pycache__", "vendor"))


if __name__ == "__main__":
    update()
