"""What the page says of trainings, as texts."""

from collections.abc import Sequence
from typing import Any

from app.widgets.formats import percent
from backend.services.plans.training_steps import peak_percent
from backend.services.rounds.preflights import Preflight
from backend.services.rounds.training_curves import TrainedRound
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus

LEFT_OUT = {
    "too_long": N_("longer than max_length"),
    "special": N_("with a special token in letters"),
    "template": N_("refused by the chat template"),
}
KINDS = {
    "weights": N_("weights"),
    "reference": N_("reference"),
    "gradients": N_("gradients"),
    "optimizer": N_("optimizer"),
    "activations": N_("activations"),
    "logits": N_("logits"),
    "buckets": N_("buckets of gradients"),
}


def lines_above(known: Sequence[TrainedRound], has_points: bool, missing: Sequence[int]) -> JSON:
    """The line above the curves, with links to what a training writes itself."""
    not_trained = gettext("Round {number} of the address was not trained in this project.")
    lines = [not_trained.format(number=id_) for id_ in missing]
    if not known and not missing:
        lines = [gettext("No round of this project was trained yet, or none is chosen. Choose rounds above.")]
    elif known and not has_points:
        lines.append(gettext("Nothing is logged yet: the first points come after the first optimizer steps."))
    writes, job = gettext("What round {number} writes while it trains"), gettext("Job and log of round {number}")
    links = [
        {"target": f"jobs?job={round_.job_id}", "text": writes.format(number=round_.number)}
        for round_ in known
        if round_.writes_texts
    ]
    logs = [{"target": f"jobs?job={round_.job_id}", "text": job.format(number=round_.number)} for round_ in known]
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
    left = [f"{count:,} {gettext(LEFT_OUT.get(kind, kind))}" for kind, count in given["left_out"].items()]
    return {
        "wait": "",
        "facts": [{"name": name, "value": value} for name, value in _facts(given)],
        "left": "; ".join(left),
        "slow": _slow(given),
        "memory": _memory(given["memory"], given.get("processes", 1)),
        "first": [_row(number, row) for number, row in enumerate(given["first"], 1)],
        "config": [{"name": name, "value": str(value)} for name, value in (given["config"] or {}).items()],
        "config_class": given["config_class"],
        "no_script": given["no_script"],
        "dataset": f"datasets?dataset={preflight.dataset_id}" if preflight.dataset_id else "datasets",
    }


def _waiting(preflight: Preflight) -> str:
    if preflight.is_over:
        return gettext("This training ended without a word of its rows: it was made before there were pre-flights.")
    if preflight.status is JobStatus.queued:
        waits = gettext("Job {number} waits in the queue. Its rows are looked at once a worker takes it.")
        return waits.format(number=preflight.job_id)
    return gettext("The rows are being looked at. This takes as long as loading the model.")


def _facts(given: JSON) -> list[tuple[str, str]]:
    of, tokens = gettext("{number} of {whole}"), f"{given['tokens']:,}"
    if given["counted"] != given["examples"]:
        tokens = gettext("{number}, from {rows} rows").format(number=tokens, rows=f"{given['counted']:,}")
    facts = [
        (gettext("trainer"), given["trainer"]),
        (gettext("rows"), of.format(number=f"{given['rows_used']:,}", whole=f"{given['rows']:,}")),
        (gettext("tokens in one pass"), tokens),
    ]
    if given["tokens_learned"] is not None:
        share = given["tokens_learned"] / given["tokens"] if given["tokens"] else 0
        facts.append((gettext("of them in the loss"), f"{given['tokens_learned']:,} ({percent(share, 0)})"))
    longest = gettext("{number} of {whole} tokens")
    longest = longest.format(number=f"{given['longest']:,}", whole=f"{given['max_length']:,}")
    facts.append((gettext("longest row"), longest))
    cut = given["truncated"]
    share_cut = gettext("not known")
    if cut["rows"] is not None:
        share_cut = gettext("{share} of rows").format(share=percent(cut["rows"] / cut["of"]))
    facts.append((gettext("cut at max_length"), share_cut))
    if given["steps"] is not None:
        facts.append((gettext("optimizer steps"), f"{given['steps']:,}"))
    if given.get("passes") is not None:  # reports of earlier versions do not say it
        facts.append((gettext("passes over the rows"), f"{given['passes']:,.4g}"))
    if given.get("repeated"):
        repeated = gettext("{number}, so that all processes read as many").format(number=f"{given['repeated']:,}")
        facts.append((gettext("read twice in each pass"), repeated))
    return facts


def _slow(given: JSON) -> str:
    """Why the learning rate does not get to its peak; empty where it does, or where nobody can say."""
    share = given.get("peak_share")
    if share is None or share >= 1:
        return ""
    numbers = {"steps": f"{given['steps']:,}", "warm_up": f"{given['warm_up']:,}", "share": f"{peak_percent(share)}%"}
    if share == 0:
        text = gettext(
            "The warm-up takes {warm_up} steps, and there are {steps}: the learning rate stays 0, and nothing is "
            "learned. Lower warmup_steps, or take more steps."
        )
    else:
        text = gettext(
            "The warm-up takes {warm_up} steps, and there are {steps}: the learning rate rises to {share} of "
            "learning_rate and not to the whole. Lower warmup_steps, or take more steps."
        )
    return text.format(**numbers)


def _memory(given: JSON | None, processes: int) -> JSON | None:
    if given is None:
        return None
    parts = [f"{gettext(word)} {size(given[name])}" for name, word in KINDS.items() if given.get(name)]
    total = size(given["total"])
    if processes > 1:
        total = gettext("{size} in each of {number} processes").format(size=total, number=processes)
    return {"total": total, "parts": ", ".join(parts), "how": given["how"]}


def _row(number: int, texts: list[Any]) -> JSON:
    return {
        "number": number,
        "texts": [
            {
                "head": _head(text),
                "parts": text["parts"],
                "cut": gettext("Only the first tokens are shown.") if text["is_cut"] else "",
            }
            for text in texts
        ],
    }


def _head(text: JSON) -> str:
    """`chosen 120 tokens, 80 in the loss`."""
    head = ngettext("{number} token, {learned} in the loss", "{number} tokens, {learned} in the loss", text["tokens"])
    head = head.format(number=f"{text['tokens']:,}", learned=f"{text['learned']:,}")
    return f"{gettext(text['side'])} {head}".strip()


def size(count: int) -> str:
    """`3.4 GiB`, `120 MiB`."""
    if count >= 2**30:
        return f"{count / 2**30:.1f} GiB"
    return f"{count / 2**20:,.0f} MiB" if count >= 2**20 else f"{count / 1024:,.0f} KiB"
