"""The card of each dataset that a round froze, from its own row: nothing is counted in its examples."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.pipeline import cuts
from backend.services.round_report.shapes import DatasetCard

PARTS = ("earlier rounds", "seed rows", "earlier steps", "decisions")


def cards(db: Session, row: tables.Round) -> tuple[DatasetCard, ...]:
    """The round's datasets, in the order of its steps."""
    dataset = tables.Dataset
    query = select(dataset).where(dataset.round_id == row.id).order_by(dataset.step, dataset.id)
    return tuple(_card(scalar) for scalar in db.scalars(query))


def _card(row: tables.Dataset) -> DatasetCard:
    last: dict[str, Any] = next((stage for stage in row.funnel if stage.get("stage") == "training rows"), {})
    parts = {name: int(last[name]) for name in PARTS if last.get(name)}
    selected = row.num_examples - sum(parts.values())
    return DatasetCard(
        row.id,
        row.step,
        f"Step {row.step + 1}",
        row.type,
        row.num_examples,
        row.content_hash,
        row.created_at,
        {"selected here": selected} | parts,
        {
            name.replace("_", " "): cuts.in_words(value) if name == "cut" else _said(value)
            for name, value in row.provenance.items()
            if value and name != "people"
        },
        f"datasets?dataset={row.id}",
    )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items() if number)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
