"""Prompts of a file that comes again, known by their external ids, on their way into the sets that are there."""

from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.db.arriving import Arrival
from backend.services import unfinished
from backend.services.access import require
from backend.services.prompts import keeping, near_duplicates, staging
from backend.services.prompts.import_report import ImportReport
from backend.services.prompts.known_ids import KnownIds
from backend.services.prompts.set_import import SetImport, sets_beside, sets_there
from backend.values import Role


class SetUpdate(SetImport):
    """One import of a file into sets of a project of which some are there: in one transaction, which holds these.

    Readers see the sets as they were until it ends, so nothing of it can stand in a hidden project.
    """

    def write(self) -> ImportReport:
        """Read the file and write what is new or has changed, or raise and leave all as it was; return what it did."""
        self._stage()
        # An import in parts has compared its prompts with what these sets had; it must not miss what comes to them.
        with unfinished.alone(self._mine(), most_seconds=self._most_seconds()), session() as db:
            require(db, self.actor, self.project_id, Role.curator)
            # First of all, as whoever launches a round or puts a set in the trash does.
            db.get(tables.Project, self.project_id, with_for_update={"key_share": True})
            there = sets_there(db, self.project_id, self.names, self.stager.mapping, is_held=True)
            beside = sets_beside(db, self.project_id, self.names, self.stager.mapping, is_held=True)
            before = {row.id: row.num_prompts for row in there.values()}
            self._make_sets(db, self.project_id, there)
            fixed = next((why for row in there.values() if (why := keeping.why_fixed(db, row))), "")
            known = KnownIds(db, self.writer, there, fixed, self.stager.mapping.has_completions, beside)
            self._write(db, known)
            self._require_some()
            return self._end(db, near_duplicates.note(db, self.project_id, self.writer), known, before)

    def _write(self, db: Session, known: KnownIds) -> None:
        """All chunks, twice over: first what changed is marked."""
        path, arrival = self.folder / "rows", Arrival(db)
        with arrival.gathering(tables.Prompt):
            known.mark(staging.staged(path))
            for chunk in staging.staged(path):
                self.writer.write(arrival, known.new(chunk))
            known.end()
            self.writer.drop(db, self.writer.overlaps(db))
