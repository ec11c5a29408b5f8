"""What may be going wrong in a round: the rules of its project, asked at its end about all that it left."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.metrics import Evidence
from backend.pipeline.stage import StageContext
from backend.pipeline.warning_evidence import gathered
from backend.values import JSON, MetricValue, WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule, rule_classes

log = logging.getLogger("rondo.warnings")

Judged = list[tuple[WarningRule, Finding, WarningLevel, str]]
"""Each rule with its finding, its light, and the reason that stands beside it."""


def rules_of(stored: JSON) -> list[WarningRule]:
    """All rules by name, with what a project sets of them.

    A rule that is not installed any more is left out. A stored knob that its rule lacks or refuses by now counts as not
    set. A rule that cannot be built at all is left out, too, and logged.
    """
    rules = []
    for name, rule in rule_classes().items():
        try:
            rules.append(rule(**rule.usable(stored.get(name, {}))))
        except Exception:
            log.exception("The rule %s cannot be built and is left out. Correct its fields.", name)
    return rules


def judged(rules: Sequence[WarningRule], evidence: WarningEvidence) -> Judged:
    """Ask the rules that are on. A red light that another red one explains is amber: one fault, one red light.

    The light of a rule that raises is not known, and its reason says so.
    """
    findings = [(rule, *_asked(rule, evidence)) for rule in rules if rule.is_on]
    red = {str(rule.name) for rule, _, level in findings if level is WarningLevel.red}
    results: Judged = []
    for rule, finding, level in findings:
        cause = next((name for name in rule.explained_by if name in red), None) if level is WarningLevel.red else None
        if cause is None:
            results.append((rule, finding, level, finding.missing or finding.note))
        else:
            reason = f"It is beyond its limit, which follows from: {rule_classes()[cause].title}."
            results.append((rule, finding, WarningLevel.amber, reason))
    return results


def _asked(rule: WarningRule, evidence: WarningEvidence) -> tuple[Finding, WarningLevel]:
    """What a rule finds and its light. Raises only where the database fails, since the job is then tried again."""
    try:
        finding = rule.find(evidence)
        numbers = [number for number in (finding.value, finding.low, finding.high) if number is not None]
        if not all(map(math.isfinite, numbers)):
            raise ValueError(f"its value {finding.value} or an end of its interval is no finite number")
        return finding, rule.level(finding)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("The rule %s failed.", rule.name)
        return failed(error), WarningLevel.unknown


def failed(error: Exception) -> Finding:
    """The finding of a rule that raised."""
    reason = next(iter(str(error).strip().splitlines()), "no reason given")[:300]
    return Finding(missing=f"This rule failed: {type(error).__name__}: {reason}. The worker's log has more.")


def look(
    stage: StageContext, evidence: Evidence, values: Sequence[tuple[int | None, MetricValue, Any]]
) -> Callable[[Session], None]:
    """Ask the project's rules; return what writes their findings in the place of those that were there."""
    with reading() as db:
        rules = rules_of(db.get_one(tables.Project, stage.round.project_id).warning_rules)
    results = _looked(stage, rules, evidence, values)

    def write(db: Session) -> None:
        row = tables.RoundWarning
        db.execute(delete(row).where(row.round_id == stage.round.id))
        for rule, finding, level, reason in results:
            db.add(
                row(
                    project_id=stage.round.project_id,
                    round_id=stage.round.id,
                    name=str(rule.name),
                    level=level,
                    value=finding.value,
                    low=finding.low,
                    high=finding.high,
                    limit=rule.limit,
                    amber=rule.amber,
                    n=finding.n,
                    reason=reason,
                    stops=rule.stops,
                    sample_ids=list(finding.sample_ids),
                    prompt_ids=list(finding.prompt_ids),
                    details=finding.details,
                )
            )

    return write


def _looked(
    stage: StageContext,
    rules: Sequence[WarningRule],
    evidence: Evidence,
    values: Sequence[tuple[int | None, MetricValue, Any]],
) -> Judged:
    """What the rules say; where what they look at cannot be gathered, that each of them failed."""
    try:
        seen = gathered(stage, evidence, values)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("What the rules look at could not be gathered for round %s.", stage.round.id)
        finding = failed(error)
        return [(rule, finding, WarningLevel.unknown, finding.missing) for rule in rules if rule.is_on]
    return judged(rules, seen)
