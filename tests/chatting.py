"""The chats of this process, for tests: whose processes run, and the end of all of them."""

from backend.services.checkpoints import chat_process, chats


def leave_all() -> None:
    """Forget all chats, as when the connection to each page breaks."""
    for user_id, page in list(chats._chats):
        chats.leave(user_id, page)


def pids() -> list[int]:
    """The processes of all models that are chatted with here."""
    return [process.pid for process in chat_process.running() if process.is_alive]
