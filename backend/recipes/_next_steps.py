"""What is asked of a model that compares two next steps of one solution."""

from backend.recipes._comparing import comparison

NEXT_STEP = comparison(
    """Below stand a question and the beginning of an answer to it, then two ways to go on by one step, A and B.
Find out which of the two is the better next step.

A step is better if it is correct, if it follows from what stands before it, and if it brings the answer nearer to the
right end. Neither its length nor whether it stands first counts.""",
    shown="BEGINNING",
    explain="First explain in at most 100 words how they differ.",
)
