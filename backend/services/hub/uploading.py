"""Sending files to a repository of the model hub, in one commit. What is there already is not sent again."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx2

from backend.config import settings
from backend.errors import EngineError, InvalidInput, MissingPrerequisite, PermissionDenied, RondoError

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

Kind = Literal["model", "dataset"]
SECONDS = 60.0
"""A hub that says nothing for so long hangs."""
CONNECT_SECONDS = 10.0
AGAIN = "What the hub has already is not sent again: retry the job."
NOTHING = "Nothing was committed."
NOT_KNOWN = "Whether it was committed is not known."
LONGEST = 300


@dataclass(frozen=True)
class HubCommit:
    """A commit on the hub."""

    url: str
    commit: str


def push(
    repo: str, kind: Kind, files: Mapping[str, Path], *, is_private: bool, message: str, sent: Callable[[], None]
) -> HubCommit:
    """Make the repository where there is none, and put these files into it by one commit; `sent` is called after each.

    Raises `MissingPrerequisite` without a hub or a token, and what `explained` makes of the hub's own words.
    """
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415 - slow to import

    api = _api()
    try:
        additions = _upload(api, repo, kind, files, is_private, sent)
    except HFValidationError as error:
        raise InvalidInput(
            f"{repo!r} is no name of a repository: {_cut(error)} Write it as `name/repository`."
        ) from error
    except (httpx2.HTTPError, OSError, RuntimeError, ValueError, KeyError) as error:
        raise explained(error, repo, NOTHING) from None  # the log would show addresses that are signed
    try:
        commit = api.create_commit(repo, additions, commit_message=message, repo_type=kind, num_threads=1)
    except (httpx2.HTTPError, OSError, RuntimeError, ValueError, KeyError) as error:
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
    sent: Callable[[], None],
) -> "list[CommitOperationAdd]":
    from huggingface_hub import CommitOperationAdd  # noqa: PLC0415 - slow to import

    api.create_repo(repo, repo_type=kind, private=is_private, exist_ok=True)
    additions = [CommitOperationAdd(name, path) for name, path in files.items()]
    for addition in additions:
        # One after the other: that shows how far it is, and what was sent stays there if the next one fails.
        api.preupload_lfs_files(repo, [addition], repo_type=kind, num_threads=1, free_memory=False)
        sent()
    return additions


def _api() -> "HfApi":
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
    from huggingface_hub import HfApi, constants, set_client_factory  # noqa: PLC0415 - slow to import
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - slow to import

    # Both name addresses that are signed, and whoever reads the log could write there.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    disable_progress_bars()
    # The other way to send files asks servers of its own, and knows no time limit of ours. Nor does its own client.
    constants.HF_HUB_DISABLE_XET = True
    limits = httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS)
    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=limits))
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token.get_secret_value())


def explained(error: BaseException, repo: str, committed: str) -> RondoError:
    """What the hub or the way there said, as a sentence with a way out. The token is in none.

    committed: what is known of the commit where the hub itself does not refuse it.
    """
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - slow to import

    cause = error
    while not isinstance(cause, HfHubHTTPError | httpx2.HTTPError) and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, HfHubHTTPError):
        return _refused(cause, repo, committed)
    if isinstance(cause, httpx2.TimeoutException):
        return EngineError(f"The hub said nothing for {SECONDS:g} seconds. {committed} {AGAIN}")
    if isinstance(cause, httpx2.HTTPError):
        return EngineError(f"The hub cannot be reached ({type(cause).__name__}). {committed} {AGAIN}")
    return EngineError(f"The hub's answer on {repo} cannot be read: {_cut(error)} {committed} {AGAIN}")


def _refused(error: "HfHubHTTPError", repo: str, committed: str) -> RondoError:
    status, said = error.response.status_code, _cut(error.server_message or "")
    words = f" It says: {said}." if said else ""
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
