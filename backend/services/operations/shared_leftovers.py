"""What nothing refers to at the address of the shared files, by the rules that hold for the data folder."""

from pathlib import Path

from backend import shared_files
from backend.config import settings
from backend.db import reading
from backend.services import installation
from backend.services.operations.leftovers import Leftover, candidates
from backend.services.projects import own_files
from backend.shared_files import FileList

BATCH = 20
"""So many are looked at once more together before they are deleted."""
CONTENT = "content"
"""What content that no name has is called together."""


def look(latest: float) -> list[Leftover]:
    """What nothing refers to and was put there before a time; nothing where no files are shared.

    Raises `Conflict` where they are another database's.
    """
    files = shared_files.store()
    if files is None:
        return []
    _require_own()
    leftovers = _named(files.lists(), latest)
    contents = files.unreferenced(latest)
    if contents:
        why = f"{len(contents)} contents that no shared file has any more"
        leftovers.append(Leftover(CONTENT, why, sum(entry.num_bytes for entry in contents), is_shared=True))
    return leftovers


def delete(latest: float) -> list[Leftover]:
    """Delete what `look` finds, each looked at once more before, and return what is gone.

    So many at a time; content that only these had goes at once where it is old enough.
    """
    files = shared_files.store()
    if files is None:
        return []
    _require_own()
    gone, found = [], _named(files.lists(), latest)
    for start in range(0, len(found), BATCH):
        again = [file_list for one in found[start : start + BATCH] if (file_list := files.find(one.path)) is not None]
        for leftover in _named(again, latest):
            files.delete(leftover.path)
            gone.append(leftover)
    removed = [entry for entry in files.unreferenced(latest) if files.remove(entry, latest)]
    if removed:
        why = f"{len(removed)} contents that no shared file has any more"
        gone.append(Leftover(CONTENT, why, sum(entry.num_bytes for entry in removed), is_shared=True))
    return gone


def _named(lists: list[FileList], latest: float) -> list[Leftover]:
    folder, of_place = settings().folder, dict[Path, list[FileList]]()
    for file_list in lists:
        parts = Path(file_list.name).parts
        if len(parts) > 1:
            of_place.setdefault(folder / parts[0] / parts[1], []).append(file_list)
    leftovers = []
    with reading() as db:
        kept = own_files.named(db)
        rules = candidates(db, folder, kept, lambda top: sorted(place for place in of_place if place.parent == top))
        for place, why in rules:
            for file_list in of_place[place]:
                if file_list.written_at.timestamp() < latest:
                    leftovers.append(Leftover(file_list.name, why, file_list.num_bytes, is_shared=True))
    return leftovers


def _require_own() -> None:
    """Raise `Conflict` where the files are another database's: rows that are not here may name them."""
    installation.database_id()
    installation.tie_files()
