"""What the page says of trainings, as texts."""

from collections.abc import Sequence
from typing import Any

from backend.services.rounds.preflights import Preflight
from backend.services.rounds.training_curves import TrainedRound
from backend.values import JSON, JobStatus

LEFT_OUT = {
    "too_long": "longer than max_length",
    "special": "with a special token in letters",
    "template": "refused by the chat template",
}
KINDS = {
    "weights": "weights",
    "reference": "reference",
    "gradients": "gradients",
    "optimizer": "optimizer",
    "activations": "activations",
    "logits": "logits",
    "buckets": "buckets of gradients",
}


def lines_above(known: Sequence[TrainedRound], has_points: bool, missing: Sequence[int]) -> JSON:
    """The line above the curves, with links to what a training writes itself."""
    lines = [f"Round {id_} of the address was not trained in this project." for id_ in missing]
    if not known and not missing:
        lines = ["No round of this project was trained yet, or none is chosen. Choose rounds above."]
    elif known and not has_points:
        lines.append("Nothing is logged yet: the first points come after the first optimizer steps.")
    links = [
        {"target": f"jobs?job={round_.job_id}", "text": f"What round {round_.number} writes while it trains"}
        for round_ in known
        if round_.writes_texts
    ]
    logs = [
        {"target": f"jobs?job={round_.job_id}", "text": f"Job and log of round {round_.number}"} for round_ in known
    ]
    return {"lines": lines, "links": [*links, *logs]}


def script(preflight: Preflight | None) -> str:
    """The program, or why there is none as a comment."""
    report = preflight.report if preflight else None
    if report is None:
        return "# There is no script before the training has looked at its rows."
    if "failure" in report:
        return f"# {' '.join(report['failure'].split())}"
    return report["script"] or f"# {report['no_script']}"


def report(preflight: Preflight | None) -> JSON | None:
    """What the report shows; texts only."""
    if preflight is None:
        return None
    if preflight.report is None:
        return {"wait": preflight.error or _waiting(preflight)}
    given = preflight.report
    if "failure" in given:
        return {"wait": given["failure"]}
    left = [f"{count:,} {LEFT_OUT.get(kind, kind)}" for kind, count in given["left_out"].items()]
    return {
        "wait": "",
        "facts": [{"name": name, "value": value} for name, value in _facts(given)],
        "left": "; ".join(left),
        "memory": _memory(given["memory"], given.get("processes", 1)),
        "first": [_row(number, row) for number, row in enumerate(given["first"], 1)],
        "config": [{"name": name, "value": str(value)} for name, value in (given["config"] or {}).items()],
        "config_class": given["config_class"],
        "no_script": given["no_script"],
        "dataset": f"datasets?dataset={preflight.dataset_id}" if preflight.dataset_id else "datasets",
    }


def _waiting(preflight: Preflight) -> str:
    if preflight.is_over:
        return "This training ended without a word of its rows: it was made before there were pre-flights."
    if preflight.status is JobStatus.queued:
        return f"Job {preflight.job_id} waits in the queue. Its rows are looked at once a worker takes it."
    return "The rows are being looked at. This takes as long as loading the model."


def _facts(given: JSON) -> list[tuple[str, str]]:
    counted = "" if given["counted"] == given["examples"] else f", from {given['counted']:,} rows"
    facts = [
        ("trainer", given["trainer"]),
        ("rows", f"{given['rows_used']:,} of {given['rows']:,}"),
        ("tokens", f"{given['tokens']:,}{counted}"),
    ]
    if given["tokens_learned"] is not None:
        share = given["tokens_learned"] / given["tokens"] if given["tokens"] else 0
        facts.append(("of them in the loss", f"{given['tokens_learned']:,} ({share:.0%})"))
    facts.append(("longest row", f"{given['longest']:,} of {given['max_length']:,} tokens"))
    cut = given["truncated"]
    facts.append(
        ("cut at max_length", "not known" if cut["rows"] is None else f"{cut['rows'] / cut['of']:.1%} of rows")
    )
    if given["steps"] is not None:
        facts.append(("optimizer steps", f"{given['steps']:,}"))
    if given.get("repeated"):
        facts.append(("read twice in each pass", f"{given['repeated']:,}, so that all processes read as many"))
    return facts


def _memory(given: JSON | None, processes: int) -> JSON | None:
    if given is None:
        return None
    parts = [f"{word} {size(given[name])}" for name, word in KINDS.items() if given.get(name)]
    each = f" in each of {processes} processes" if processes > 1 else ""
    return {"total": size(given["total"]) + each, "parts": ", ".join(parts), "how": given["how"]}


def _row(number: int, texts: list[Any]) -> JSON:
    return {
        "number": number,
        "texts": [
            {
                "head": f"{text['side']} {text['tokens']:,} tokens, {text['learned']:,} in the loss".strip(),
                "parts": text["parts"],
                "cut": "Only the first tokens are shown." if text["is_cut"] else "",
            }
            for text in texts
        ],
    }


def size(count: int) -> str:
    """`3.4 GiB`, `120 MiB`."""
    if count >= 2**30:
        return f"{count / 2**30:.1f} GiB"
    return f"{count / 2**20:,.0f} MiB" if count >= 2**20 else f"{count / 1024:,.0f} KiB"
