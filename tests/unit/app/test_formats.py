"""Numbers as pages show them."""

import pytest

from app.widgets.formats import percent


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "–"), (0.0, "0.0%"), (0.00025, "under 0.1%"), (0.0005, "0.1%"), (0.1234, "12.3%"), (1.0, "100.0%")],
)
def test_a_share_that_is_not_none_is_not_shown_as_none(share: float | None, shown: str) -> None:
    assert percent(share) == shown
