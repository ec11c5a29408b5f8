"""The model card of a checkpoint: how it was made, from what, what was measured and decided, under which license."""

from collections.abc import Sequence
from pathlib import Path

from backend import machine
from backend.config import settings
from backend.db import reading, tables
from backend.engines import _weights
from backend.engines._wrapper import innermost
from backend.errors import RondoError
from backend.files import read_text
from backend.pipeline import train
from backend.services import checkpoints
from backend.services.access import Actor
from backend.services.checkpoints import CheckpointDetail, MetricNumber, card_text, model_folders
from backend.services.checkpoints.card_lineage import LineageRound, lineage_of, origins_of
from backend.services.checkpoints.card_text import plain
from backend.values import JSON, SCORER, WRAPPER

README = "README.md"
OWN_FOLDERS = (str(train.FOLDER), "models")
"""Where models lie below the data folder, by what Rondo writes and what the documentation says."""
UNKNOWN = "unknown"
"""As the hub calls a license that nobody has named."""


def of_checkpoint(actor: Actor, checkpoint_id: int) -> str:
    """Return the card as Markdown with the hub's head; people are counted in it, never named."""
    detail = checkpoints.detail(actor, checkpoint_id)
    with reading() as db:
        row = db.get_one(tables.Checkpoint, checkpoint_id)
        project = db.get_one(tables.Project, row.project_id).name
        lineage = lineage_of(db, row)
        origins = origins_of(db, lineage, detail)
        measured = detail.row.metrics or _before_merging(actor, row)
        # What was merged was trained as an adapter, which lies above it in the lineage.
        trained = _newest_trained(actor, lineage, origins) or detail
    root, engine = lineage[-1], innermost(row.engine)
    license_name, base = license_of(innermost(root.engine)), hub_name(innermost(root.engine))
    relation = "adapter" if engine.get("adapter") else "finetune"
    task = "text-classification" if row.kind == SCORER else "text-generation"
    head: JSON = {
        "license": license_name or UNKNOWN,
        "base_model": base,
        "base_model_relation": relation if base and len(lineage) > 1 else "",
        "library_name": "" if engine.get("name") == "openai" else "peft" if engine.get("adapter") else "transformers",
        "pipeline_tag": task,
        "tags": ["rondo", *dict.fromkeys(origin.name for origin in origins if origin.name)],
        "model-index": _index(detail.row.name, task, project, measured),
    }
    return card_text.card(
        head,
        f"# {plain(row.name)}",
        _first_words(detail, project, row, is_made=bool(origins)),
        _made(lineage, origins),
        _measured(measured, is_of_adapter=not detail.row.metrics),
        "## What people decided\n\n" + _decided(detail) if origins else "",
        _rows(trained),
        _again(trained.provenance, origins, detail.details.get("merge", {}), trained.details.get("machine", {})),
        "## License\n\n" + _license(license_name, root.name),
        card_text.made_with(),
    )


def license_of(engine: JSON) -> str:
    """The license that the README beside an engine's model names; empty where there is none here."""
    if not _has_files(engine):
        return ""
    try:
        folder = model_folders.here(engine["model"])
        readme = folder / README if folder is not None else Path()
        return card_text.license_of(read_text(readme)) if readme.is_file() else ""
    except (RondoError, OSError, ValueError):
        return ""


def hub_name(engine: JSON) -> str:
    """The name of a model on the hub; empty for a folder, an endpoint or anything else.

    A folder that is gone is none, though its path reads like a name: what is in the hub's local copies is on the hub,
    and else a name with a slash that does not begin as a path below the data folder.
    """
    if not _has_files(engine):
        return ""
    name: str = engine["model"]
    try:
        if Path(_weights.locate(name)).is_dir():
            return ""
        if model_folders.is_cached(name):
            return name
    except RondoError:
        return ""
    first, slash, _ = name.partition("/")
    return name if slash and first not in OWN_FOLDERS and not (settings().folder / first).exists() else ""


def _has_files(engine: JSON) -> bool:
    return engine.get("name") == "transformers" and isinstance(engine.get("model"), str)


def _newest_trained(
    actor: Actor, lineage: Sequence[tables.Checkpoint], origins: Sequence[LineageRound]
) -> CheckpointDetail | None:
    """Of the lineage, the checkpoint that the last of the rounds made."""
    ids = [row.id for row in lineage if origins and row.id == origins[-1].checkpoint_id]
    return checkpoints.detail(actor, ids[0]) if ids else None


def _before_merging(actor: Actor, row: tables.Checkpoint) -> dict[str, MetricNumber]:
    """What was measured of the adapter that was merged into it: the same numbers, up to rounding."""
    source = row.details.get("merge", {}).get("checkpoint_id")
    if source is None or source != row.parent_id:
        return {}
    return checkpoints.detail(actor, source).row.metrics


def _index(name: str, task: str, project: str, measured: dict[str, MetricNumber]) -> list[JSON]:
    """The hub's own form of measured numbers; intervals stand in the text, for which it has no place."""
    metrics = [
        {"type": metric, "name": metric.replace("_", " "), "value": round(number.value, 6)}
        for metric, number in sorted(measured.items())
        if number.value is not None
    ]
    if not metrics:
        return []
    dataset = {"type": "held-out", "name": f"Held-out prompts of {project}"}
    return [{"name": name, "results": [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}]}]


def _first_words(detail: CheckpointDetail, project: str, row: tables.Checkpoint, *, is_made: bool) -> str:
    uses = [f"It answers by {use.name}." for use in detail.uses] if row.kind == WRAPPER else []
    adapter = ["These weights are an adapter: they need the model below them."] if detail.can_merge else []
    merged = ["An adapter was merged into these weights: they need no other model."] if detail.row.is_merged else []
    by = (
        f"A checkpoint of the project {plain(project)}, made in rounds: the model answered prompts, its answers were "
        "judged, people could confirm or override, and it was fine-tuned on what was kept."
    )
    first = by if is_made else f"A checkpoint of the project {plain(project)}."
    return " ".join([first, *adapter, *merged, *uses])


def _made(lineage: Sequence[tables.Checkpoint], origins: Sequence[LineageRound]) -> str:
    line = " ← ".join(plain(row.name) for row in lineage)
    rows = [
        [
            f"{origin.number}{' (in the trash)' if origin.is_in_trash else ''}",
            f"{origin.recipe} (arXiv {origin.paper})" if origin.paper else origin.recipe,
            origin.policy,
            origin.judge,
            f"{origin.rows:,} {origin.type.replace('_', ' ')} rows" if origin.type else "no rows",
            f"{origin.decisions:,} ({origin.overrides:,} overrides)",
        ]
        for origin in origins
    ]
    head = ["round", "recipe", "policy", "judge", "trained on", "decisions of people"]
    return f"## How it was made\n\n{line}\n\n{card_text.table(head, rows)}".rstrip()


def _measured(measured: dict[str, MetricNumber], *, is_of_adapter: bool) -> str:
    rows = [
        [
            name.replace("_", " "),
            _said(metric_number.value),
            f"{_said(metric_number.low)} to {_said(metric_number.high)}",
            f"{metric_number.n:,}",
        ]
        for name, metric_number in sorted(measured.items())
        if metric_number.value is not None
    ]
    if not rows:
        return ""
    of = "Measured before the adapter was merged. " if is_of_adapter else ""
    text = f"## Measured on held-out prompts\n\n{of}Prompts of the project that no training reads."
    return f"{text}\n\n{card_text.table(['metric', 'value', '95 % interval', 'n'], rows)}"


def _said(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _decided(detail: CheckpointDetail) -> str:
    people = {person.person for person in detail.people}
    decisions, overrides = (
        sum(getattr(person, name) for person in detail.people) for name in ("decisions", "overrides")
    )
    return card_text.decided(len(people), decisions, overrides)


def _rows(detail: CheckpointDetail) -> str:
    if not detail.dataset_id:
        return ""
    summary = (
        f"## Training rows of the last round\n\n{detail.num_examples:,} {detail.dataset_type.replace('_', ' ')} rows."
    )
    return "\n\n".join(part for part in (summary, _trained_on(detail), card_text.funnel(detail.funnel)) if part)


def _trained_on(detail: CheckpointDetail) -> str:
    """How long it was trained; empty where the last step was not logged, as earlier versions left it."""
    steps, tokens = (detail.job_metrics.get(name) for name in ("step", "num_tokens"))
    with reading() as db:
        job = db.get(tables.Job, detail.job_id) if detail.job_id is not None else None
        if job is None or not steps or steps != job.total:
            return ""
    of = f" on {tokens:,.0f} tokens, each counted once for every pass" if tokens else ""
    return f"Trained for {steps:,} optimizer {'step' if steps == 1 else 'steps'}{of}."


def _again(known: JSON, origins: Sequence[LineageRound], merged: JSON, trained_on: JSON) -> str:
    """What one needs to make it again, and to tell that the rows are the same."""
    rows: list[list[object]] = [
        [f"dataset of round {origin.number}", f"sha256 {origin.content_hash}"] for origin in origins if origin.type
    ]
    rows += [[f"seed of round {origin.number}", origin.seed] for origin in origins]
    rows += [["recipe of the last round", f"sha256 {known['recipe_hash']}"]] if known.get("recipe_hash") else []
    rows += [["judge's templates", ", ".join(known["template_hashes"])]] if known.get("template_hashes") else []
    rows += [["libraries", libraries]] if (libraries := card_text.libraries(known.get("libraries", {}))) else []
    rows += [[f"trained on: {what}", which] for what, which in machine.facts(trained_on)]
    rows += [["merged adapter", f"sha256 {merged['adapter_hash']}"]] if merged.get("adapter_hash") else []
    return f"## To make it again\n\n{card_text.table(['what', 'which'], rows)}" if rows else ""


def _license(name: str, base: str) -> str:
    if name:
        return f"{plain(name)}, that of {plain(base)}, on which it was trained."
    return (
        f"The license of {plain(base)}, from which it comes, is not known here. Look it up before you pass these "
        "weights on, and put it into the head of this card."
    )
