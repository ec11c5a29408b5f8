"""Texts that come before the line that counts in a reply."""

from hypothesis import strategies as st


def prose() -> st.SearchStrategy[str]:
    """Any text without the signs that announce an example, quote a line or mark what was thought.

    Hypothesis tries the strings of the code that is loaded, so what a pattern of the code looks for does come.
    """
    return st.text(st.characters(codec="utf-8", exclude_characters=":\uff1a<>[\u25c1"))
