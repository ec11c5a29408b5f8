"""What a stage takes from endpoints, written with each batch: requests, tokens, and their cost at the price now."""

from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines import Engine
from backend.engines._wrapper import innermost
from backend.values import JSON, Stage
from backend.values.replies import Usage

MILLION = 1_000_000


@dataclass(frozen=True)
class Meter:
    """The engines that a stage opened, by checkpoint."""

    engines: list[tuple[int, Engine]] = field(default_factory=list)

    def watch(self, checkpoint_id: int, engine: Engine) -> None:
        """Count what is asked of this engine from now on."""
        self.engines.append((checkpoint_id, engine))

    def taken(self) -> dict[int, Usage]:
        """What was asked since this was last called, by checkpoint; nothing of what no server counts."""
        by_checkpoint: dict[int, Usage] = {}
        for checkpoint_id, engine in self.engines:
            if (usage := engine.take_usage()).requests:
                by_checkpoint[checkpoint_id] = by_checkpoint.get(checkpoint_id, Usage()) + usage
        return by_checkpoint


def write(db: Session, taken: dict[int, Usage], *, round_id: int, stage: Stage, step: int) -> None:
    """Add what was taken to the step's rows, in the caller's transaction."""
    use = tables.EndpointUse
    for checkpoint_id, usage in taken.items():
        cost, unpriced = priced(innermost(db.get_one(tables.Checkpoint, checkpoint_id).engine), usage)
        more = {
            "requests": usage.requests,
            "uncounted": usage.uncounted,
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "cost": cost,
            "unpriced": unpriced,
        }
        place = {"round_id": round_id, "stage": stage, "step": step, "checkpoint_id": checkpoint_id}
        grown = {name: getattr(use, name) + number for name, number in more.items()}
        if not db.execute(update(use).filter_by(**place).values(grown)).rowcount:  # type: ignore[attr-defined]
            db.add(use(**place, **more))
            db.flush()


def priced(engine: JSON, usage: Usage) -> tuple[float, int]:
    """What tokens cost by an engine's prices of a million, and how many of them have no price."""
    cost, unpriced = 0.0, 0
    for price, tokens in ((engine.get("price_in"), usage.tokens_in), (engine.get("price_out"), usage.tokens_out)):
        if price is None:
            unpriced += tokens
        else:
            cost += price * tokens / MILLION
    return cost, unpriced
