"""distilabel's pipeline asking the endpoint of `requests_in_flight`, against bare aiohttp with as many in flight.

    python -m tests.bench.distilabel_beside --python DISTILABEL_VENV/bin/python

`pip install 'distilabel[openai]' requests` goes into an environment of its own. Its batches are as large as the window: all
requests of a batch are in flight at once, as distilabel does it. Timed is the run of a pipeline (its processes start and
end with it), at two sizes, and what the requests between the two sizes took.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys

from tests.bench.requests_in_flight import bare, bodies_of, serving

PIPELINE = """
import sys, time
from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

if __name__ == "__main__":
    url, requests, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Pipeline(name="beside") as pipeline:
        asked = [{"instruction": f"question {n}"} for n in range(requests)]
        load = LoadDataFromDicts(data=asked, batch_size=most)
        llm = OpenAILLM(base_url=url, api_key="none", model="m", generation_kwargs={"max_new_tokens": 16})
        load >> TextGeneration(llm=llm, input_batch_size=most)
    started = time.perf_counter()
    rows = pipeline.run(use_cache=False)["default"]["train"]
    seconds = time.perf_counter() - started
    assert len(rows) == requests and all(rows["generation"]), "rows are missing"
    print("seconds", seconds)
"""


def through(python: str, url: str, requests: int, most: int) -> float:
    """Seconds of one run of the pipeline. Raises `SystemExit` with what it printed where it failed."""
    argv = [python, "-c", PIPELINE, url, str(requests), str(most)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "DISTILABEL_LOG_LEVEL": "ERROR"}
    ended = subprocess.run(argv, capture_output=True, text=True, env=environment, timeout=600, check=False)
    lines = [line.split()[1] for line in ended.stdout.splitlines() if line.startswith("seconds ")]
    if not lines:
        raise SystemExit(f"distilabel failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    return float(lines[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="the Python that has distilabel")
    parser.add_argument("--requests", type=int, nargs=2, default=[400, 2000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--in-flight", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    small, large = asked.requests
    for how in ("constant", "lognormal"):
        for most in asked.in_flight:
            with serving(how, small) as url:
                taken: dict[int, list[float]] = {small: [], large: []}
                alone: dict[int, list[float]] = {small: [], large: []}
                for _ in range(asked.repeats):
                    for requests in (small, large):
                        taken[requests].append(through(asked.python, url, requests, most))
                        alone[requests].append(asyncio.run(bare(url, bodies_of(1, requests, "generate"), most)))
            theirs = {requests: statistics.median(seconds) for requests, seconds in taken.items()}
            limit = {requests: statistics.median(seconds) for requests, seconds in alone.items()}
            between = (limit[large] - limit[small]) / (theirs[large] - theirs[small])
            print(
                f"distilabel, {how}, {most} in flight: {small} requests in {theirs[small]:.2f} s, {large} in "
                f"{theirs[large]:.2f} s; bare aiohttp {limit[small]:.2f} and {limit[large]:.2f} s; ratio of the whole "
                f"{limit[small] / theirs[small]:.2f} and {limit[large] / theirs[large]:.2f}, of the requests between "
                f"the two {between:.2f}; load {os.getloadavg()[0]:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
