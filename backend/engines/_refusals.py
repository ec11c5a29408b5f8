"""What a server says of a request that it refuses: what is at fault, and what may be left out."""

import json
import re
from dataclasses import dataclass
from typing import Any

CONTEXT = re.compile(
    r"context[ _-]?(length|window|size|limit)|maximum (model|prompt|input|context) length|too many (input )?tokens|"
    r"(prompt|input) is too long|input tokens exceed|exceeds? the (model|maximum|available) ?(context|input|token)",
    re.I,
)
FILTER = re.compile(
    r"content[ _-]?(filter|policy|management)|responsible[ _]?ai|moderation|was (filtered|flagged|blocked)|"
    r"(blocked|flagged|rejected) (by|as|for|due to) .*(safety|policy|filter|guardrail|unsafe)|safety (system|filter)|"
    r"input_moderated|guardrail|data_inspection_failed",
    re.I,
)
MISSING_MODEL = re.compile(r"model_not_found|model .{0,80}(does not exist|not found|is not available)", re.I)
UNSUPPORTED = re.compile(
    r"unsupported|not supported|n.t support|not support|cannot (both )?be|can.t be|cannot use both|not allowed|"
    r"not permitted|not available|unknown|unrecognized|unexpected|extra|deprecated|only the default|instead|"
    r"incompatible|mutually exclusive|at most one|only one of",
    re.I,
)
CODES = ("unsupported_parameter", "unsupported_value", "unknown_parameter")
ALWAYS = ("logprobs", "max_tokens", "n", "stream_options", "stream")
"""Fields that are left out, or renamed, whatever a refusal says of them: they change no word of a reply."""
SAMPLING = ("top_p", "top_k", "seed", "stop", "temperature")
"""Fields that are left out only where the server says that it does not take them, not where it dislikes the value."""


@dataclass(frozen=True)
class Refusal:
    """The server says that the request is wrong."""

    status: int
    message: str
    code: str = ""
    param: str = ""

    @property
    def is_context(self) -> bool:
        return self.code == "context_length_exceeded" or bool(CONTEXT.search(self.message))

    @property
    def is_filter(self) -> bool:
        return bool(FILTER.search(self.code) or FILTER.search(self.message))

    @property
    def is_missing_model(self) -> bool:
        return bool(MISSING_MODEL.search(self.code) or MISSING_MODEL.search(self.message))

    def names(self, sent: set[str]) -> str | None:
        """Return the field at fault, if it is one of `sent` that can be left out or renamed."""
        known = [field for field in (*ALWAYS, *SAMPLING) if field in sent]
        named = [field for field in known if self.param.split(".")[-1] == field]
        quoted = [field for field in known if re.search(rf"['\"`]{field}['\"`]", self.message)]
        spoken = [field for field in known if re.search(rf"(?<![\w]){field}(?![\w])", self.message)]
        for field in (*named, *quoted, *spoken):
            if field in ALWAYS or self.code in CODES or UNSUPPORTED.search(self.message):
                return field
        return None


def refusal_of(status: int, body: Any, *, key: str | None) -> Refusal:
    """Read an error's body, parsed or as text. The key is not repeated."""
    error = body
    if isinstance(error, dict):
        error = error.get("error") or error
    if isinstance(error, list) and error:
        error = error[0].get("error", error[0]) if isinstance(error[0], dict) else error
    if not isinstance(error, dict):
        error = {"message": error if isinstance(error, str) else json.dumps(error)}
    # Hosted routers wrap the words of the server behind them.
    inner, wrapped = ({} if not isinstance(x := error.get(name), dict) else x for name in ("innererror", "metadata"))
    raw = wrapped.get("raw") or ""
    reason = error.get("message") or error.get("detail") or error.get("msg") or "no reason given"
    message = clean(" ".join(f"{reason} {raw}".split()), key)[:300]
    return Refusal(
        status=status,
        message=message if message.endswith(".") else message + ".",
        code=str(error.get("code") or inner.get("code") or error.get("type") or ""),
        param=str(error.get("param") or ""),
    )


def clean(text: str, key: str | None) -> str:
    """Take the key out of a text."""
    return text.replace(key, "***") if key else text
