"""Leave out what a model thought before it spoke: neither an answer nor a verdict stands there."""

import re

_NAMES = r"think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|seed:think"
_TAG = re.compile(
    rf"(?P<open><(?:{_NAMES})>|\[THINK\]|\u25c1think\u25b7|<\|begin_of_thought\|>)"
    rf"|</(?:{_NAMES})>|\[/THINK\]|\u25c1/think\u25b7|<\|end_of_thought\|>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)[^<]{0,40}<\|message\|>")


def spoken(text: str) -> str:
    """Return the text without its thinking; of thinking that never ends, nothing after its beginning.

    What stands before a closing tag without an opening one is thinking, too: many chat templates open it
    in the prompt.
    """
    text = _final_channel(text)
    kept, depth, start = "", 0, 0
    for tag in _TAG.finditer(text):
        if tag["open"]:
            kept += text[start : tag.start()] if depth == 0 else ""
            depth += 1
        else:
            kept = kept if depth else ""
            depth = max(0, depth - 1)
        start = tag.end()
    return kept if depth else kept + text[start:]


def _final_channel(text: str) -> str:
    """What stands in the last channel where a text has channels, nothing where that one is for thinking."""
    *_, last = [None, *_CHANNEL.finditer(text)]
    if last is None:
        return text
    return text[last.end() :] if last[1] == "final" else ""


def thought(text: str) -> str:
    """Return the thinking of a text, without its tags: what `spoken` leaves out."""
    final = _final_channel(text)
    kept, outside, depth, start = text[: len(text) - len(final)], "", 0, 0
    for tag in _TAG.finditer(final):
        piece = final[start : tag.start()]
        if depth:
            kept += piece
        else:
            outside += piece
            if not tag["open"]:
                kept, outside = kept + outside, ""
        depth = max(0, depth + (1 if tag["open"] else -1))
        start = tag.end()
    return kept + final[start:] if depth else kept
