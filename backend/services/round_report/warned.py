"""What of a round deserves a look, from numbers that the stages wrote."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.results.noticed import Warned, of_counts, plain
from backend.services.rounds import judge_warnings
from backend.translations import gettext, ngettext
from backend.values import RoundStatus, WarningLevel


def warnings(db: Session, row: tables.Round) -> tuple[Warned, ...]:
    """The warnings beside its lights, red ones first. That held-out accuracy fell is told by the light Forgetting."""
    raised = [*_stopped(row), *_judge(db, row), *of_counts(row), *_left_out(db, row)]
    return tuple(sorted(raised, key=lambda warning: warning.level != WarningLevel.red))


def _judge(db: Session, row: tables.Round) -> list[Warned]:
    """The light of its judge, where that is on."""
    warning = judge_warnings.of_round(db, row)
    return [] if warning is None else [judge_warnings.warned(row, warning)]


def _stopped(row: tables.Round) -> list[Warned]:
    raised = []
    if row.status is RoundStatus.failed:
        reason = (row.error or "").split("\n")[0][:300] or gettext("No reason was written.")
        text = gettext("The round failed in the stage {stage}: {reason}")
        raised.append(plain("red", text.format(stage=gettext(str(row.stage)), reason=reason), "jobs"))
    if row.status is RoundStatus.held:
        text = gettext("The round is held before its training. {reason}")
        raised.append(plain("red", text.format(reason=row.hold.get("said", "")), ""))
    return raised


def _left_out(db: Session, row: tables.Round) -> list[Warned]:
    left = tables.LeftOut
    number = db.scalar(select(func.count()).where(left.round_id == row.id, left.resolved_at.is_(None))) or 0
    if not number:
        return []
    text = ngettext(
        "{number} prompt, reply or row was left out.", "{number} prompts, replies or rows were left out.", number
    )
    return [plain("amber", text.format(number=f"{number:,}"), f"jobs?left_out={row.id}", number)]
