"""A judge that errs on purpose: of a share of its replies the verdict at their end is the other one.

Imported, it is a part like others; it stands beside the benchmark that needs it, and in no list of Rondo's.
"""

import hashlib
import re
from dataclasses import replace

from pydantic import Field

from backend.engines import Engine
from backend.judges.written_verdict import WrittenVerdict
from backend.values import Completion, Messages, Sampling

LAST = re.compile(r";([YN])\s*$")
OTHER = {"Y": "N", "N": "Y"}


class FlippedVerdict(WrittenVerdict):
    """`written_verdict`, whose replies end in the other verdict for `noise` of all texts and votes.

    Which ones follows from what is asked and the number of the vote alone: the same text is always judged alike.
    """

    noise: float = Field(0.15, ge=0, le=1, description="share of the replies whose verdict is turned round")

    def _ask(self, engine: Engine, chats: list[Messages], sampling: Sampling) -> list[list[Completion]]:
        reply = super()._ask(engine, chats, sampling)
        asked = zip(chats, reply, strict=True)
        return [[self._said(chat, vote, entry) for vote, entry in enumerate(replies)] for chat, replies in asked]

    def _said(self, chat: Messages, vote: int, completion: Completion) -> Completion:
        digest = hashlib.blake2b(f"{vote} {chat[0]['content']}".encode(), digest_size=6).digest()
        if int.from_bytes(digest) / 2**48 >= self.noise:
            return completion
        return replace(completion, text=LAST.sub(lambda result: f";{OTHER[result[1]]}", completion.text))
