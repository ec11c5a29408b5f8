"""How deep lists and objects stand in each other in a body of JSON, counted while it comes in.

Python reads such a body by recursion, and so does everything after it: one that is too deep is refused unread.
"""

import re

OUTSIDE = re.compile(rb'["\[\]{}]')
INSIDE = re.compile(rb'["\\]')
OPENING, CLOSING = b"[{", b"]}"


class Nesting:
    """Feed it the body piece by piece; `deepest` is what has been seen so far."""

    def __init__(self) -> None:
        self.depth = self.deepest = 0
        self.in_text = self.is_escaped = False

    def feed(self, piece: bytes) -> None:
        """Go on reading; what is no JSON counts as something, too."""
        at = 0
        while at < len(piece):
            if self.is_escaped:
                self.is_escaped, at = False, at + 1
                continue
            match = (INSIDE if self.in_text else OUTSIDE).search(piece, at)
            if match is None:
                return
            self._take(match[0])
            at = match.end()

    def _take(self, sign: bytes) -> None:
        if sign == b'"':
            self.in_text = not self.in_text
        elif sign == b"\\":
            self.is_escaped = True
        elif sign in OPENING:
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)
        elif sign in CLOSING:
            self.depth -= 1
