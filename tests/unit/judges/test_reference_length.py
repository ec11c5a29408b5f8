import pytest

from backend.judges.reference_length import ReferenceLength
from tests.groups import texts


def scores(*written: str, answer: str | None = "12345678", **knobs: float) -> list[float | None]:
    return [
        judgment.score for judgment in ReferenceLength(**knobs).judge(None, [texts(*written, answer=answer)], seed=0)
    ]


def test_the_term_by_hand() -> None:
    """1 - beta * ||y*| - |y|| / |y*| with |y*| = 8 (arXiv 2506.13351)."""
    # 8 characters, 6 (one quarter missing), 12 (half too many), none.
    written = ("why #### abcdefgh", "why #### abcdef", "#### 1 #### abcdefghijkl", "why", "why ####")
    assert scores(*written) == [1.0, 0.75, 0.5, 0.0, 0.0]
    assert scores(*written, beta=0.2) == pytest.approx([1.0, 0.95, 0.9, 0.8, 0.8])
    assert scores("#### " + "x" * 32) == [-2.0]


def test_without_a_known_answer_there_is_no_score() -> None:
    assert scores("#### abc", answer=None) == [None]
    assert scores("#### abc", answer=" ") == [None]
    assert ReferenceLength().needs_answer
