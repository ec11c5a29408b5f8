"""One shape for every error: {"error": {"type", "message"}}."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from app.guard import busy, error
from backend import errors
from backend.db import trouble
from backend.errors import RondoError
from backend.services import refusals

log = logging.getLogger("rondo.app")


class ErrorBody(BaseModel):
    """What went wrong: which kind of error, and a sentence for whoever reads it."""

    type: str
    message: str


class Problem(BaseModel):
    """Every answer that is not what was asked for has this shape."""

    error: ErrorBody


RESPONSES: dict[int | str, dict[str, Any]] = {"4XX": {"model": Problem, "description": "Refused, and why"}}

STATUS: tuple[tuple[type[RondoError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.InvalidInput, 422),
    (errors.PermissionDenied, 403),
    (errors.NotSignedIn, 401),
    (errors.TooManyAttempts, 429),
    (errors.Busy, 503),
    (errors.DatabaseLost, 503),
)
"""Everything else a person may read is 400."""


def add_to(app: FastAPI) -> None:
    """Answer every failure in the one shape."""
    app.add_exception_handler(RondoError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in trouble.DATABASE_ERRORS:
        app.add_exception_handler(kind, _database)
    app.add_exception_handler(Exception, _unforeseen)


def status_of(problem: RondoError) -> int:
    """The HTTP status of an error that a person may read."""
    return next((status for kind, status in STATUS if isinstance(problem, kind)), 400)


def kind_of(problem: RondoError) -> str:
    """The name of its kind, one of those in backend/errors.py."""
    known = vars(errors)
    return next(kind.__name__ for kind in type(problem).__mro__ if known.get(kind.__name__) is kind)


def _ours(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RondoError)
    return error(status_of(problem), kind_of(problem), problem.message, retry_after=problem.retry_after)


def _database(request: Request, problem: Exception) -> Response:
    passing = trouble.as_busy(problem)
    if passing is None:
        return _unforeseen(request, problem)
    log.warning("%s %s was not done: the database is busy.", request.method, request.url.path)
    return busy(passing)


def _invalid(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    where = "; ".join(
        f"{'.'.join(map(str, error['loc'][1:]))}: {refusals.words(error)}" for error in problem.errors()[:10]
    )
    return error(422, "InvalidInput", f"The request cannot be used: {where}.")


def _http(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    kinds = {401: "NotSignedIn", 403: "PermissionDenied", 404: "NotFound", 413: "InvalidInput", 422: "InvalidInput"}
    answer = error(problem.status_code, kinds.get(problem.status_code, "RequestError"), str(problem.detail))
    if problem.status_code == 408:
        answer.headers["Connection"] = "close"  # what else comes of that request is not waited for
    return answer


def _unforeseen(request: Request, problem: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return error(500, "InternalError", "Something went wrong here. It is in the server's log.")
