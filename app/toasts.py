"""The UI's one error boundary: what a person may read is shown, the rest goes to the log."""

import functools
import html
import inspect
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gradio as gr

from app.listeners import UNFIT, does_not_fit, refusal
from backend.db import trouble
from backend.errors import RondoError

log = logging.getLogger("rondo.app")

P = ParamSpec("P")
R = TypeVar("R")


def toasts(handler: Callable[P, R]) -> Callable[P, R]:
    """Show a RondoError as it is; log anything else with its traceback and say so."""

    @functools.wraps(handler)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except RondoError as error:
            raise refusal(error.message) from error
        except gr.Error:
            raise
        except Exception as error:
            if (passing := trouble.as_busy(error)) is not None:
                raise refusal(passing.message) from error
            if does_not_fit(handler, args, kwargs):
                log.info("%s was sent what it does not take: %s", handler.__qualname__, type(error).__name__)
                raise refusal(UNFIT) from error
            log.exception("%s failed", handler.__qualname__)
            raise refusal("Something went wrong here. It is in the server's log.") from error

    wrapped.__signature__ = inspect.signature(handler)  # type: ignore[attr-defined]
    return wrapped


def notice(message: str) -> None:
    """Say in a toast that something is done. A toast is HTML to Gradio, so names in it are escaped."""
    gr.Info(html.escape(message, quote=False))
