"""Sending files to a repository of the model hub, in one commit. What is there already is not sent again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx2

from backend.config import settings
from backend.errors import EngineError, InvalidInput, MissingPrerequisite, PermissionDenied, RondoError

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import HfHubHTTPError

Kind = Literal["model", "dataset"]
SECONDS = 60.0
"""A hub that says nothing for so long hangs."""
CONNECT_SECONDS = 10.0
AGAIN = "What the hub has already is not sent again: retry the job."
NOTHING = "Nothing was committed."
NOT_KNOWN = "Whether it was committed is not known."
LONGEST = 300
FAULTS = (httpx2.HTTPError, httpx2.InvalidURL, OSError, RuntimeError, ValueError, KeyError)


@dataclass(frozen=True)
class HubCommit:
    """A commit on the hub."""

    url: str
    commit: str


def push(
    repo: str,
    kind: Kind,
    files: Mapping[str, Path],
    *,
    hub: str,
    stale: Sequence[str],
    is_private: bool,
    message: str,
    after_each: Callable[[], None],
) -> HubCommit:
    """Make the repository where there is none, and put these files into it by one commit; `after_each` is called after
    each.

    hub: its address, as the owner saw it. stale: patterns of the names of files that the commit removes where they are
    there and not sent: with another adapter or other shards beside it a model is not what was sent.

    Raises `MissingPrerequisite` without a hub or a token, `EngineError` for a file that cannot be read here, and what
    `explained` makes of the hub's own words.
    """
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415 - slow to import

    api = _api(hub)
    _refuse_unreadable(files)
    try:
        additions = _upload(api, repo, kind, files, is_private, after_each)
        removals = _removals(api, repo, kind, files, stale)
    except HFValidationError as error:
        raise InvalidInput(
            f"{repo!r} is no name of a repository: {_cut(error)} Write it as `name/repository`."
        ) from error
    except FAULTS as error:
        raise explained(error, repo, NOTHING) from None  # the log would show addresses that are signed
    try:
        commit = api.create_commit(repo, [*additions, *removals], commit_message=message, repo_type=kind, num_threads=1)
    except FAULTS as error:
        # The hub may have made it, and its answer was lost. Asked again it says so, and makes no second one.
        raise explained(error, repo, NOT_KNOWN) from None
    prefix = "datasets/" if kind == "dataset" else ""
    return HubCommit(f"{api.endpoint}/{prefix}{repo}", commit.oid)


def _upload(
    api: "HfApi",
    repo: str,
    kind: Kind,
    files: Mapping[str, Path],
    is_private: bool,
    after_each: Callable[[], None],
) -> "list[CommitOperationAdd]":
    from huggingface_hub import CommitOperationAdd  # noqa: PLC0415 - slow to import

    api.create_repo(repo, repo_type=kind, private=is_private, exist_ok=True)
    additions = [CommitOperationAdd(name, path) for name, path in files.items()]
    for addition in additions:
        # One after the other: that shows how far it is, and what was sent stays there if the next one fails.
        api.preupload_lfs_files(repo, [addition], repo_type=kind, num_threads=1, free_memory=False)
        after_each()
    return additions


def _removals(
    api: "HfApi", repo: str, kind: Kind, files: Mapping[str, Path], stale: Sequence[str]
) -> "list[CommitOperationDelete]":
    from huggingface_hub import CommitOperationDelete  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError  # noqa: PLC0415 - slow to import

    try:
        there = set(api.list_repo_files(repo, repo_type=kind)) - set(files)
    except (EntryNotFoundError, RevisionNotFoundError):  # nothing was ever committed
        return []
    return [CommitOperationDelete(name, is_folder=False) for name in sorted(there) if _is_one_of(name, stale)]


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern fits a name: of its own folder alone."""
    return any(fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for pattern in patterns)


def _refuse_unreadable(files: Mapping[str, Path]) -> None:
    """Raise `EngineError` for a file that this machine does not give: that is not the hub's fault."""
    for name, path in files.items():
        try:
            with path.open("rb") as opened:
                opened.read(1)
        except OSError as error:
            raise EngineError(_unreadable(name, error)) from None


def _unreadable(name: str, error: OSError) -> str:
    return f"The file {name} cannot be read on the worker's machine ({error.strerror}). {NOTHING} Mend it, and retry."


def _api(hub: str) -> "HfApi":
    """The hub's client with the installation's token and with time limits; raises `MissingPrerequisite`."""
    if settings().hf_offline:
        raise MissingPrerequisite(
            "This worker never asks the model hub. Set RONDO_HF_OFFLINE=false where it runs, and retry the job."
        )
    token = settings().hub_token
    if token is None or not token.get_secret_value():
        raise MissingPrerequisite(
            "This worker has no token for the model hub. Set RONDO_HUB_TOKEN where it runs, and retry the job."
        )
    if hub != settings().hub_address:
        raise MissingPrerequisite(
            f"This push is for {hub}, and this worker's hub is {settings().hub_address}. Set RONDO_HUB_ENDPOINT to the "
            "same address for the pages and the worker, and push again."
        )
    from huggingface_hub import HfApi, constants, set_client_factory  # noqa: PLC0415 - slow to import
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - slow to import

    # Both name addresses that are signed, and whoever reads the log could write there.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    disable_progress_bars()
    # The other way to send files asks servers of its own, and knows no time limit of ours. Nor does its own client.
    constants.HF_HUB_DISABLE_XET = True
    limits = httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS)
    hooks = {"response": [_shorten_waits]}
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=limits, event_hooks=hooks))
    return HfApi(endpoint=hub, token=token.get_secret_value())


def _shorten_waits(response: httpx2.Response) -> None:
    """Limit the waits of the hub's client, which sleeps for as long as a server asks."""
    headers = response.headers
    waits = headers.get("retry-after", "")
    limited = headers.pop("ratelimit", "") if response.status_code == 429 else ""  # goes before the other one
    if limited or (waits.isdecimal() and int(waits) > SECONDS):
        headers["retry-after"] = f"{SECONDS:.0f}"


def explained(error: BaseException, repo: str, committed: str) -> RondoError:
    """What the hub or the way there said, as a sentence with a way out. The token is in none.

    committed: what is known of the commit where the hub itself does not refuse it.
    """
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - slow to import

    cause = error
    while not isinstance(cause, HfHubHTTPError | httpx2.HTTPError | httpx2.InvalidURL) and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, HfHubHTTPError):
        return _refused(cause, repo, committed)
    if isinstance(cause, httpx2.TimeoutException):
        return EngineError(f"The hub said nothing for {SECONDS:g} seconds. {committed} {AGAIN}")
    if isinstance(cause, httpx2.InvalidURL):
        return InvalidInput(
            f"The hub's address {settings().hub_address} is none. {committed} Correct RONDO_HUB_ENDPOINT."
        )
    if isinstance(cause, OSError) and cause.errno is not None and not isinstance(cause, ConnectionError | TimeoutError):
        name = Path(cause.filename).name if isinstance(cause.filename, str) else "a file"
        return EngineError(_unreadable(name, cause))
    if isinstance(cause, httpx2.HTTPError):
        return EngineError(f"The hub cannot be reached ({type(cause).__name__}). {committed} {AGAIN}")
    return EngineError(f"The hub's answer on {repo} cannot be read: {_cut(error)} {committed} {AGAIN}")


def _refused(error: "HfHubHTTPError", repo: str, committed: str) -> RondoError:
    status, message = error.response.status_code, _cut(error.server_message or "")
    words = f" It says: {message}." if message else ""
    if status in (401, 403):
        return PermissionDenied(
            f"The hub does not let this installation's token write to {repo} ({status}).{words} {NOTHING} "
            "Give the token the right to write there, or choose another repository."
        )
    if status < 500 and status not in (408, 429):
        return EngineError(f"The hub refuses what was sent to {repo} ({status}).{words} {NOTHING} Mend it, and retry.")
    return EngineError(f"The hub failed on {repo} ({status}).{words} {committed} {AGAIN}")


def _cut(error: object) -> str:
    """One line of what was said, without the token, which a server might send back."""
    text = " ".join(str(error).split())
    token = settings().hub_token
    if token is not None and token.get_secret_value():
        text = text.replace(token.get_secret_value(), "***")
    return text[:LONGEST]
