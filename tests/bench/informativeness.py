"""The queue ordered by informativeness: wrong labels that a perfect reviewer finds by it and in random order.

`python -m tests.bench.informativeness [--seeds N] [--decisions N] [--train]`: the demo's first round, judged by the
model itself. The true checker is the reviewer's and nobody else's. With `--train` the round goes on to its end, for each
order and without any reviewer, and the new checkpoints' held-out accuracy stands beside it.
"""

import argparse
import random
import uuid

from sqlalchemy import delete, select

from backend.db import reading, session, tables
from backend.demo import countdown
from backend.services import demo, queue, reviews, rounds
from backend.services.access import Actor
from backend.services.decisions import labels
from backend.services.people import accounts
from backend.services.queue import Item, Order
from backend.services.reviews import Act
from backend.values import DecisionKind
from tests.bench.place import data_folder, run_stage

AT_ONCE = 20
RESAMPLED = 2_000


def right_kind(item: Item) -> DecisionKind:
    """What somebody who knows decides."""
    is_right = countdown.is_correct(item.messages[-1]["content"], item.text)
    return DecisionKind.accept if is_right else DecisionKind.reject


def review(actor: Actor, round_id: int, order: Order, decisions: int) -> list[tuple[bool, tuple[str, str]]]:
    """Decide so many samples as the queue gives them; for each, whether its label was wrong, and which text it was."""
    result: list[tuple[bool, tuple[str, str]]] = []
    while len(result) < decisions:
        items = queue.queue(actor, round_id, order=order, limit=min(AT_ONCE, decisions - len(result)))
        if not items:
            break
        acts = [Act(uuid.uuid4().hex, right_kind(item), item.sample_id) for item in items]
        done = reviews.decide_many(actor, round_id, acts)
        for item, act_result in zip(items, done, strict=True):
            result.append((act_result.decision.is_override, (item.messages[-1]["content"], item.text)))
    return result


def forget(round_id: int) -> None:
    """Put the round back to where nobody had decided anything."""
    with session() as db:
        ids = list(db.scalars(select(tables.Decision.sample_id).where(tables.Decision.round_id == round_id)))
        db.execute(delete(tables.Decision).where(tables.Decision.round_id == round_id))
        db.execute(delete(tables.Lease).where(tables.Lease.round_id == round_id))
        labels.recompute(db, ids)


def share_wrong(round_id: int) -> float:
    """The share of wrong labels in the whole round."""
    sample, prompt, label = tables.Sample, tables.Prompt, tables.Label
    query = select(prompt.text, sample.text, label.machine_verdict).join(prompt, prompt.id == sample.prompt_id)
    query = query.join(label, label.sample_id == sample.id).where(sample.round_id == round_id)
    with reading() as db:
        rows = db.execute(query).all()
    return sum(countdown.is_correct(asked, text) != (verdict == "accept") for asked, text, verdict in rows) / len(rows)


def judged_round(actor: Actor, seed: int) -> int:
    """The demo's first round of this seed, up to where it waits for people."""
    project_id = demo.create(actor)
    plan = rounds.defaults(actor, project_id)
    round_id = rounds.launch(actor, project_id, rounds.Plan(**plan.__dict__ | {"seed": seed, "is_reviewed": True}))
    run_stage(round_id)
    run_stage(round_id)
    return round_id


def one_seed(seed: int, decisions: int) -> tuple[list[bool], list[bool], int, float]:
    with data_folder():
        actor = accounts.local_owner()
        round_id = judged_round(actor, seed)
        by_informativeness = review(actor, round_id, Order.informativeness, decisions)
        forget(round_id)
        at_random = review(actor, round_id, Order.random, decisions)
        texts = len({text for is_wrong, text in by_informativeness if is_wrong})
        return [w for w, _ in by_informativeness], [w for w, _ in at_random], texts, share_wrong(round_id)


def trained(seed: int, order: Order | None, decisions: int) -> float:
    """Held-out accuracy after the round, reviewed in this order or by nobody."""
    with data_folder():
        actor = accounts.local_owner()
        round_id = judged_round(actor, seed)
        if order is not None:
            review(actor, round_id, order, decisions)
        reviews.close(actor, round_id)
        for _ in range(3):
            run_stage(round_id)
        metric = tables.Metric
        query = select(metric.value).where(metric.round_id == round_id, metric.name == "held_out_accuracy")
        with reading() as db:
            checkpoint_id = db.get_one(tables.Round, round_id).checkpoint_id
            accuracy = db.scalar(query.where(metric.checkpoint_id == checkpoint_id))
    assert accuracy is not None, "the round measured nothing"
    return accuracy


def print_accuracies(seeds: int, decisions: int) -> None:
    """The next checkpoint by order, seed for seed, and the mean with the interval of its paired difference."""
    print("\n| seed | nobody | by informativeness | at random |\n|---|---|---|---|")
    rows = []
    for seed in range(1, seeds + 1):
        rows.append([trained(seed, order, decisions) for order in (None, Order.informativeness, Order.random)])
        print(f"| {seed} | " + " | ".join(f"{value:.1%}" for value in rows[-1]) + " |", flush=True)
    print("| mean | " + " | ".join(f"{sum(column) / seeds:.1%}" for column in zip(*rows, strict=True)) + " |")
    chance = random.Random(0)
    gains = [ordered - plain for _, ordered, plain in rows]
    means = sorted(sum(chance.choices(gains, k=seeds)) / seeds for _ in range(RESAMPLED))
    low, high = means[int(0.025 * RESAMPLED)], means[int(0.975 * RESAMPLED)]
    print(
        f"By informativeness minus at random: {100 * sum(gains) / seeds:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]."
    )


def interval(pairs: list[tuple[list[bool], list[bool]]]) -> tuple[float, float]:
    """95 % of the ratio over resampled seeds and, within each, resampled decisions."""
    chance, ratios = random.Random(0), []
    for _ in range(RESAMPLED):
        drawn = [chance.choice(pairs) for _ in pairs]
        ordered = sum(sum(chance.choices(result, k=len(result))) for result, _ in drawn)
        plain = sum(sum(chance.choices(result, k=len(result))) for _, result in drawn)
        ratios.append(ordered / max(plain, 0.5))
    ratios.sort()
    return ratios[int(0.025 * RESAMPLED)], ratios[int(0.975 * RESAMPLED)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--train", action="store_true", help="train and measure after each order")
    asked = parser.parse_args()
    print(
        "| seed | wrong labels in the round | found by informativeness (different texts) | found at random |\n|---|---|---|---|"
    )
    pairs, shares = [], []
    for seed in range(1, asked.seeds + 1):
        by_informativeness, at_random, texts, share = one_seed(seed, asked.decisions)
        pairs.append((by_informativeness, at_random))
        shares.append(share)
        print(f"| {seed} | {share:.1%} | {sum(by_informativeness)} ({texts}) | {sum(at_random)} |", flush=True)
    ordered, plain = sum(sum(result) for result, _ in pairs), sum(sum(result) for _, result in pairs)
    low, high = interval(pairs)
    print(
        f"\nBy informativeness {ordered}, at random {plain}: {ordered / max(plain, 0.5):.1f} times as many [{low:.1f}, {high:.1f}]."
    )
    expected = sum(shares) / len(shares) * asked.decisions * asked.seeds
    print(f"Against what random order finds on average ({expected:.1f}): {ordered / expected:.1f} times as many.")
    if asked.train:
        print_accuracies(asked.seeds, asked.decisions)


if __name__ == "__main__":
    main()
