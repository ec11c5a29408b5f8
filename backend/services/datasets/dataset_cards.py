"""The dataset card of a frozen dataset: its rows, how they were made and chosen, and how to tell them from others."""

from backend import machine
from backend.db import reading, tables
from backend.exporters import TRL
from backend.services import datasets
from backend.services.access import Actor
from backend.services.checkpoints import card_text
from backend.services.checkpoints.card_text import plain
from backend.services.checkpoints.model_cards import UNKNOWN
from backend.services.datasets import DatasetDetail, export_files, exports, tool_rows
from backend.services.datasets.export_result import Export
from backend.services.recipes.titles import title_of
from backend.values import DatasetType

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))
MORE = "10M<n<100M"
MEANINGS = {
    DatasetType.prompt_completion: "A prompt and the answer to it that was kept.",
    DatasetType.preference: "A prompt and two answers to it: the better one is chosen, the other rejected.",
    DatasetType.unpaired_preference: "A prompt, an answer to it, and whether that is a good one.",
    DatasetType.prompt_only: "Prompts alone.",
    DatasetType.language_modeling: "Texts.",
}

LICENSE = """## License

A model wrote what is in here, from prompts of others: the licenses of both count, and are not known here. Look them up
before you pass these rows on, and put one into the head of this card."""


def of_dataset(actor: Actor, dataset_id: int, *, file: str = "", exported: Export | None = None) -> str:
    """Return the card as Markdown with the hub's head; people are counted in it, never named.

    file: the data file beside the card, by its name; empty: the dataset's JSONL export. exported: what was written into
    it; None: all rows, as they were frozen. Raises `NotFound`.
    """
    detail = datasets.get(actor, dataset_id)
    with reading() as db:
        view = detail.view
        project = db.get_one(tables.Project, view.project_id).name
        round_ = db.get_one(tables.Round, view.round_id)
        policy = db.get_one(tables.Checkpoint, round_.policy_id).name
        judge = db.get_one(tables.Checkpoint, round_.judge_id).name if round_.judge_id else "the policy itself"
    written, num_rows = (exported.type, exported.num_rows) if exported else (view.type, view.num_examples)
    recipe = str(round_.recipe.get("name", ""))
    kind = str(written).replace("_", "-")
    tool = str(exported.tool).replace("_", "-") if exported else "trl"
    head = {
        "license": UNKNOWN,
        "pretty_name": f"{project}, round {view.round_number}, {str(written).replace('_', ' ')}",
        "task_categories": ["text-generation"],
        "size_categories": [size_of(num_rows)],
        "tags": list(dict.fromkeys(["rondo", tool, kind, *([recipe] if recipe else []), "synthetic"])),
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": file or exports.file_name(dataset_id, written, "jsonl")}],
            }
        ],
    }
    return card_text.card(
        head,
        f"# Dataset {view.id} of {plain(project)}",
        f"{MEANINGS[written]} Frozen by round {view.round_number}, {plain(title_of(round_.recipe, str))}: the policy "
        f"{plain(policy)} answered, {plain(judge)} judged, and people could confirm or override.",
        "## Rows\n\n" + _columns(detail, written, exported),
        _of_file(exported) if exported else "",
        "## How they were chosen\n\n" + card_text.funnel(detail.funnel),
        "## What people decided\n\n" + _decided(detail),
        _again(detail, round_.seed),
        LICENSE,
        card_text.made_with(),
    )


def size_of(rows: int) -> str:
    """The hub's class of size."""
    return next((name for most, name in SIZES if rows < most), MORE)


def _of_file(exported: Export) -> str:
    """What the file holds of the frozen rows, and what the checks found."""
    lines = [f"The file holds {exported.num_rows:,} rows as {plain(exported.type.replace('_', ' '))}."]
    for verb, counts in (
        ("Left out", exported.left_out),
        ("The checks found", {finding.meaning: finding.count for finding in exported.findings}),
    ):
        if any(counts.values()):
            reasons = [f"{count:,} rows ({plain(why)})" for why, count in counts.items() if count]
            lines.append(f"{verb}: {'; '.join(reasons)}.")
    return " ".join([*lines, *map(plain, exported.scan_lines)])


def _columns(detail: DatasetDetail, written: DatasetType, exported: Export | None) -> str:
    if exported is not None and exported.tool != TRL:
        columns = tool_rows.columns(exported.tool, written)
    else:
        columns = export_files.columns(written, is_strict=exported is not None and exported.is_strict)
    rows = [[name, str(type)] for name, type in columns.items()]
    origins = ", ".join(f"{count:,} {plain(origin)}" for origin, count in detail.origins.items())
    frozen = f"{detail.view.num_examples:,} rows were frozen as {plain(detail.view.type.replace('_', ' '))}: {origins}."
    return f"{frozen}\n\n{card_text.table(['column', 'type'], rows)}"


def _decided(detail: DatasetDetail) -> str:
    decisions, overrides = (
        sum(getattr(person, name) for person in detail.people) for name in ("num_decisions", "num_overrides")
    )
    return card_text.decided(len(detail.people), decisions, overrides)


def _again(detail: DatasetDetail, seed: int) -> str:
    known = detail.provenance
    rows: list[list[object]] = [["content of the frozen rows", f"sha256 {detail.view.content_hash}"], ["seed", seed]]
    rows += [["recipe", f"sha256 {known['recipe_hash']}"]] if known.get("recipe_hash") else []
    rows += [["judge's templates", ", ".join(known["template_hashes"])]] if known.get("template_hashes") else []
    rows += [["libraries", libraries]] if (libraries := card_text.libraries(known.get("libraries", {}))) else []
    rows += [[f"made on: {what}", which] for what, which in machine.facts(known.get("machine", {}))]
    return f"## To make it again\n\n{card_text.table(['what', 'which'], rows)}"
