"""Episodes as chats: what was asked, and the turns of a policy and its environment after it."""

from collections.abc import Sequence

from backend.values import Message, Messages

ASSISTANT = "assistant"


def begun(asked: Messages, turns: Sequence[Message]) -> tuple[Messages, Messages]:
    """Return the chat that the policy's first turn answers, and the turns from that one on.

    What the environment says before the first turn stands at the end of the last message, if that is the user's, as TRL
    puts what `reset` returns.
    """
    rest = list(turns)
    chat = list(asked)
    while rest and rest[0]["role"] != ASSISTANT:
        chat = with_message(chat, rest.pop(0))
    return chat, rest


def with_message(chat: Messages, message: Message) -> Messages:
    """Return the chat with a message at its end; two of one role in a row are one, since templates refuse such."""
    if chat and chat[-1]["role"] == message["role"]:
        return [*chat[:-1], {"role": message["role"], "content": f"{chat[-1]['content']}\n\n{message['content']}"}]
    return [*chat, message]


def as_chat(asked: Messages, turns: Sequence[Message]) -> Messages:
    """Return what was asked and all turns after it as one chat."""
    chat, rest = begun(asked, turns)
    return [*chat, *rest]
