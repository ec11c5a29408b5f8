"""The table of `decisions_pay`: what the decisions of each arm brought, with intervals."""

import random
import statistics
from collections.abc import Sequence
from typing import Any

DRAWS = 2_000


def table(lines: Sequence[dict[str, Any]], arms: dict[str, Any]) -> str:
    """Markdown: a row an arm, means over its seeds, and what it gains over nobody's decisions."""
    heads = [
        "decisions",
        "seeds",
        "labels the judge got wrong",
        "overrides",
        "share right: judge",
        "corrected",
        "true",
        "intervals that hold it",
        "cuts moved",
        "held-out, this round",
        "next round [95 %]",
        "gain over none [95 %]",
        "gain over the label alone [95 %]",
    ]
    rows = [heads, ["---"] * len(heads)]
    by_arm = {arm: {line["seed"]: line for line in lines if line["arm"] == arm} for arm in arms}
    for arm in arms:
        runs = list(by_arm[arm].values())
        if not runs:
            continue
        known = [run for run in runs if run.get("corrected") and run["corrected"][0] is not None]
        held = sum(run["corrected"][1] <= run["truth"] <= run["corrected"][2] for run in known)
        cuts = [run["cut"] for run in runs if run.get("cut")]
        label = f"{arm.split(',')[0]}, label"
        rows.append(
            [
                arm,
                str(len(runs)),
                mean([run["wrong"] for run in runs]),
                f"{statistics.fmean(o['overridden'] for o in runs):.1f}",
                mean([run["judge"] for run in known]),
                mean([run["corrected"][0] for run in known]),
                mean([run["truth"] for run in runs]),
                f"{held} of {len(known)}" if known else "-",
                f"{sum(cut['new'] != cut['old'] for cut in cuts)} of {len(cuts)}" if cuts else "-",
                mean([run["rounds"][0]["accuracy"] for run in runs]),
                accuracy(runs),
                *("-" if other == arm else gain(paired(by_arm.get(other, {}), runs)) for other in ("none", label)),
            ]
        )
    note = (
        "gain: points of held-out accuracy after the next round, seed by seed, against nobody's decisions on the same "
        "judged round, or against the same decisions used as labels alone. Seeds that an arm lacks are left out of its "
        f"differences. Intervals are a bootstrap of {DRAWS:,} draws of the seeds and, with each, of the held-out prompts."
    )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + f"\n\n{note}"


def mean(values: Sequence[float]) -> str:
    return f"{statistics.fmean(values):.1%}" if values else "-"


def paired(known: dict[int, dict[str, Any]], runs: Sequence[dict[str, Any]]) -> list[list[float]]:
    """For each seed that both have, by held-out prompt 1 where only the run is right, -1 where only the other is."""
    both = [(known[run["seed"]], run) for run in runs if run["seed"] in known]
    return [[b - a for a, b in zip(right(entry), right(other), strict=True)] for entry, other in both]


def right(run: dict[str, Any]) -> list[int]:
    """By held-out prompt, whether the checkpoint after the next round is right."""
    return [int(entry) for entry in run["rounds"][-1]["right"]]


def accuracy(runs: Sequence[dict[str, Any]]) -> str:
    """Held-out accuracy after the next round, with its interval; unknown for a single seed."""
    value, interval = interval_of([right(run) for run in runs])
    return f"{value:.1f} %" + (f" [{interval[0]:.1f}, {interval[1]:.1f}]" if interval else " [unknown: one seed]")


def gain(differences: Sequence[Sequence[float]]) -> str:
    """The mean difference in points, with its interval; unknown for a single seed."""
    if not differences:
        return "-"
    value, interval = interval_of(differences)
    return f"{value:+.1f}" + (f" [{interval[0]:+.1f}, {interval[1]:+.1f}]" if interval else " [unknown: one seed]")


def interval_of(seeds: Sequence[Sequence[float]]) -> tuple[float, tuple[float, float] | None]:
    """The mean over seeds of the means over prompts, times 100, and its 95 % interval; none for a single seed."""
    value = 100 * statistics.fmean(statistics.fmean(seed) for seed in seeds)
    if len(seeds) < 2:
        return value, None
    chance, drawn = random.Random(0), []
    for _ in range(DRAWS):
        picked = chance.choices(range(len(seeds[0])), k=len(seeds[0]))
        means = [sum(choice[n] for n in picked) / len(picked) for choice in chance.choices(seeds, k=len(seeds))]
        drawn.append(100 * statistics.fmean(means))
    drawn.sort()
    return value, (drawn[int(0.025 * DRAWS)], drawn[int(0.975 * DRAWS)])
