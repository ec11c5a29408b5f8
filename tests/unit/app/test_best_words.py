"""One place says what the best round is called, so that no two pages say it differently."""

import re
from pathlib import Path

from app.widgets import best_words

APP = Path(best_words.__file__).parents[1]
CALLED = re.compile(r"gettext\(\s*[\"'](?:best|highest)(?: round| side)?\b(?:, [^\"']*)?[\"']\s*\)")


def test_what_is_above_the_base_by_chance_or_not_at_all_is_never_just_the_best() -> None:
    for words in (best_words.best_round, best_words.best_side):
        texts = {
            (is_sure, is_above): words(is_sure=is_sure, is_above_base=is_above)
            for is_sure in (True, False)
            for is_above in (True, False)
        }
        assert len(set(texts.values())) == 4
        assert all(("not above the base" in text) is not is_above for (_, is_above), text in texts.items())
        assert all(text.startswith("best" if is_sure else "highest") for (is_sure, _), text in texts.items())
        assert texts[False, True].endswith(", within chance")


def test_no_page_calls_a_round_the_best_in_words_of_its_own() -> None:
    assert CALLED.search('gettext("highest, within chance")')
    assert len(CALLED.findall(Path(best_words.__file__).read_text(encoding="utf-8"))) == 8
    others = {
        file.relative_to(APP).as_posix(): CALLED.findall(file.read_text(encoding="utf-8"))
        for file in APP.rglob("*.py")
        if file != Path(best_words.__file__)
    }
    assert {name: texts for name, texts in others.items() if texts} == {}
