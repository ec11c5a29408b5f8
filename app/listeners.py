"""What a page's events hand in, checked before any listener sees it: every listener is a public endpoint."""

import html
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, get_type_hints

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.context import Context, set_render_context
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from app.widgets.bounds import beyond_bounds
from backend import boundary, translations
from backend.errors import InvalidInput

log = logging.getLogger("rondo.app")

COPIED = gr.Blocks.__exit__
"""Whose steps `Pages.more` takes, but for making the application."""
UNFIT = "What this page sent does not fit its fields. Reload the page."


class Pages(gr.Blocks):
    """Blocks whose listeners get only what their fields can hold; whoever sends something else is told so."""

    settled: dict[int, BlockFunction] | None = None
    """The listeners of the pages that are answered already, while more are added."""

    def __exit__(self, *raised: Any) -> None:
        # Building and mounting describe all components five times, and keep the last: a sixteenth of a start's time.
        self.default_config.get_config = cache(self.default_config.get_config)  # type: ignore[method-assign]
        super().__exit__(*raised)

    @property
    def fns(self) -> dict[int, BlockFunction]:
        """The listeners; while more are added in another thread, those that were there before."""
        return self.default_config.fns if self.settled is None else self.settled

    @contextmanager
    def more(self) -> Iterator[None]:
        """Add to what is mounted already, without making its application again, as leaving it (`COPIED`) does."""
        self.forget_description()
        for block in self.blocks.values():
            if isinstance(block, gr.components.Component):
                block.load_event_to_attach = None  # it has been, when they were left first
        self.settled = dict(self.default_config.fns)
        try:
            self.__enter__()  # type: ignore[no-untyped-call]
            yield
            self.fill_expected_parents()  # type: ignore[no-untyped-call]
            self.default_config.attach_load_events()
        finally:
            self.settled = None
            set_render_context(None)
            Context.root_block = None
        self.progress_tracking = any(fn.tracks_progress for fn in self.fns.values())  # type: ignore[assignment]
        self.validate_navbar_settings()  # type: ignore[no-untyped-call]
        self.exited = True
        self.validate_queue_settings()  # type: ignore[no-untyped-call]
        self.config = self.get_config_file()

    def forget_description(self) -> None:
        """Describe the components anew whenever that is asked for, from now on."""
        vars(self.default_config).pop("get_config", None)

    def when_left(self, function: Callable[..., Any]) -> None:
        """Have it called, with its request, for each page that somebody leaves."""
        self.unload(function)
        for fn in self.fns.values():
            if any(target[1] == "unload" for target in fn.targets):
                fn.api_visibility = "private"

    async def process_api(self, *args: Any, **kwargs: Any) -> Any:
        """As Gradio's, in the language of who asks, after a look at the event's own data.

        A task of the queue runs this, which knows nothing of the request that the event came with.
        """
        event, block_fn = kwargs.get("event_data"), kwargs.get("block_fn", args[0] if args else None)
        data = None if event is None else event._data
        with translations.using(_language(kwargs.get("request"))):
            _check(data)
            if _is_of_a_choice(block_fn) and not (isinstance(data, dict) and {"index", "value"} <= data.keys()):
                raise refusal(UNFIT)
            return await super().process_api(*args, **kwargs)

    async def preprocess_data(self, block_fn: Any, inputs: Any, state: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Gradio's. What its components do not take is an answer to the sender, not a fault of the server."""
        _check(inputs)
        try:
            return await super().preprocess_data(block_fn, inputs, state, *args, **kwargs)
        except gr.Error as error:
            # A page may have set a field's bounds anew for one person.
            fields = block_fn.inputs if state is None else [state.get(field._id, field) for field in block_fn.inputs]
            if beyond := " ".join(filter(None, map(beyond_bounds, fields, inputs))):
                raise refusal(beyond) from error
            raise refusal(f"{error.message} {UNFIT}") from error
        except Exception as error:
            log.info("%s was sent what it does not take: %s", block_fn.name, type(error).__name__)
            raise refusal(UNFIT) from error


def refusal(message: str) -> gr.Error:
    """Return the toast that says it. A toast is HTML to Gradio, and a message may quote what somebody typed or a model
    wrote. Its head is Gradio's, in the reader's language by static/rondo.js."""
    return gr.Error(html.escape(message, quote=False), print_exception=False)


def _language(request: Any) -> str:
    """What the guard noted on the request that an event came with."""
    asked = getattr(request, "request", None)
    return getattr(asked.state, "language", translations.SOURCE) if asked is not None else translations.SOURCE


def _is_of_a_choice(block_fn: Any) -> bool:
    """Whether the listener is told which row or choice was taken."""
    function = getattr(block_fn, "fn", None)
    parameters = inspect.signature(function).parameters.values() if function is not None else ()
    return any(parameter.annotation is gr.SelectData for parameter in parameters)


def does_not_fit(handler: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an argument is not of the type that the listener names: then its failure is the sender's."""
    try:
        given = inspect.signature(handler).bind(*args, **kwargs).arguments
    except TypeError:
        return True
    hints = {name: hint for name, hint in get_type_hints(handler).items() if name in given}
    return any(not _fits(given[name], hint) for name, hint in hints.items())


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(value, gr.Request | gr.EventData) or hint is Any:
        return True
    try:
        TypeAdapter(hint).validate_python(value)
    except ValidationError:
        return False
    except PydanticSchemaGenerationError:  # of a hint that is no type of data
        return True
    return True


def _check(sent: Any) -> None:
    try:
        boundary.plain(sent)
    except InvalidInput as error:
        raise refusal(error.message) from error
