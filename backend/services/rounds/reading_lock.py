"""One thread at a time reads what is kept of a round; the others wait for it and use what it read."""

from collections.abc import Hashable
from threading import Lock

_locks = tuple(Lock() for _ in range(64))


def one_at_a_time(key: Hashable) -> Lock:
    """The lock of this key, to be held while what the key names is read.

    Who holds one takes no other, since locks are fewer than keys, and has its database connection already, since those
    who wait hold theirs.
    """
    return _locks[hash(key) % len(_locks)]
