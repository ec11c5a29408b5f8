"""The gate that holds back what a bad server made nothing of, without a database."""

from functools import partial

import pytest

from backend.pipeline.left_out import ServedGate
from backend.values import Failure, FailureKind

OUT = Failure(FailureKind.server, "it is down")
TOO_LONG = Failure(FailureKind.context, "too long")


@pytest.mark.parametrize(("in_order", "before", "after"), [(False, [1], [1, 0, 2]), (True, [], [0, 1, 2])])
def test_batches_that_are_counted_are_written_in_their_order(
    in_order: bool, before: list[int], after: list[int]
) -> None:
    written: list[int] = []
    gate = ServedGate("prompts", anything_yet=True, in_order=in_order)
    gate.pass_batch(partial(written.append, 0), served=0, failures=[OUT])
    gate.pass_batch(partial(written.append, 1), served=0, failures=[TOO_LONG])
    assert written == before
    gate.pass_batch(partial(written.append, 2), served=3, failures=[])
    assert written == after
