"""Calls of the pages' listeners, as a browser sends them."""

from typing import Any

from tests.integration import site


def join(number: int, values: list[Any], page: str, value: Any) -> tuple[str, str, dict[str, Any]]:
    body = {
        "data": values,
        "fn_index": number,
        "session_hash": page,
        "trigger_id": None,
        "event_data": {"index": [0, 0], "value": value, "row_value": ["1", "x"], "selected": True},
    }
    return "POST", "/gradio_api/queue/join", {"json": body}


def listeners() -> list[Any]:
    return [fn for fn in site.blocks().fns.values() if fn.fn is not None]
