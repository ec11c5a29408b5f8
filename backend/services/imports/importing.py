"""A file of another tool's samples becomes a round that waits for review: whole, or not at all.

The file is read and checked first, without the database; then it is written (`round_import`). Samples are known by
their external ids, so the same file again writes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from backend import boundary
from backend.db import reading, session
from backend.errors import InvalidInput, NotFound, written_out
from backend.files import require_regular
from backend.helper_process import HelperProcess
from backend.services import unfinished
from backend.services.access import Actor, require
from backend.services.imports import round_import, scales, staging
from backend.services.imports.new_rounds import policy_of
from backend.services.imports.request import ImportedRound, ImportRequest
from backend.services.imports.staging import StagedSamples
from backend.services.prompts.files import open_file
from backend.services.prompts.files.arrow_rows import LARGEST
from backend.services.prompts.intake import staging_folder
from backend.services.unfinished.import_lock import ImportUnderWay
from backend.values import Role

__all__ = ["ImportRequest", "ImportedRound", "import_samples", "require_importable", "stage"]


def import_samples(actor: Actor, project_id: int, path: Path, asked: ImportRequest) -> ImportedRound:
    """Import a file here and now."""
    require_importable(actor, project_id, asked)
    path = path.expanduser().resolve()
    if not path.exists():
        raise NotFound(f"There is no file {path}. Check its name.")
    asked = replace(asked, file=asked.file or written_out(path.name))
    with staging_folder() as folder, HelperProcess() as helper:
        staged = stage(path, asked, folder, helper=helper)
        mine = ImportUnderWay(project_id, asked.file, actor.name)
        with unfinished.alone(mine, is_one_transaction=not round_import.is_in_parts(staged, asked)):
            end = round_import.write(actor, project_id, staged, asked, helper)
            with session() as db:
                return end(db)


def require_importable(actor: Actor, project_id: int, asked: ImportRequest) -> None:
    """Raise unless the actor may import into the project what was asked for."""
    boundary.name(asked.name, "The name of the prompt set", 100)
    for name in ("accept_at", "lowest", "highest"):
        value = getattr(asked, name)
        if value is not None and not abs(value) <= boundary.MOST_SCORE:
            raise InvalidInput(f"{name} is {value}; it must be a number from -1e9 to 1e9.")
    scales.check(*asked.scale)
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        policy_of(db, project_id, asked.policy_id)


def stage(
    path: Path,
    asked: ImportRequest,
    folder: Path,
    advance: Callable[[int], None] = lambda _: None,
    *,
    helper: HelperProcess | None = None,
) -> StagedSamples:
    """Read and check a file into `folder`; raises `InvalidInput` that names rows. helper: see `staging.stage`."""
    require_regular(path, LARGEST)
    staged = staging.stage(open_file(path), asked.columns, folder, advance, called=asked.file, helper=helper)
    scales.scale_of(staged, *asked.scale)
    return staged
