"""The options of a question as somebody sends them."""

from pydantic import ValidationError

from backend.errors import InvalidInput
from backend.services import refusals
from backend.values.questions import QuestionOptions


def read_options(given: dict[str, object]) -> QuestionOptions:
    """Options as a form or a program gives them; raises `InvalidInput`."""
    try:
        return QuestionOptions.model_validate(given)
    except ValidationError as error:
        raise InvalidInput(f"These options cannot be used: {refusals.explain(error)}.") from error
