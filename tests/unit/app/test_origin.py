"""From which page a request comes."""

import pytest
from fastapi import Request

from app import origin


@pytest.mark.parametrize(
    ("referer", "text"),
    [
        ("http://localhost:7860/team?round=3", "page team"),
        ("http://localhost:7860/", "page overview"),
        ("https://x/checkpoints", "page checkpoints"),
        ("", "page"),
        ("https://x/<b>", "page"),
        ("http://x/a/b", "page"),
        ("https://x/p/countdown/jobs?job=3", "page jobs"),
        ("https://x/p/%C3%A9/", "page overview"),
    ],
)
def test_the_page_is_told_as_far_as_the_column_has_room(referer: str, text: str) -> None:
    assert origin.via(Request({"type": "http", "headers": [(b"referer", referer.encode())]})) == text
