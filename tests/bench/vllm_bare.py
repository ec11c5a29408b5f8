"""A generate and a judge stage by a vLLM server, against the same requests sent to that server by bare aiohttp.

    python -m tests.bench.vllm_bare --python .venv-vllm/bin/python

The server is one that Rondo started. The requests of both stages are noted as Rondo sends them, and then sent again:
as many in flight, parsed, and nothing kept. The server keeps no prefixes, or the second sender would find them there.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from typing import Any

from tests.bench.noted_requests import NotedRequests, noting
from tests.bench.place import data_folder, run_stage

MOST = 64
REPLY_SECONDS = 600


async def bare(noted: NotedRequests) -> tuple[float, int]:
    """Seconds of the noted requests by aiohttp, and the tokens that were written."""
    import aiohttp

    places, tokens, refused = asyncio.Semaphore(MOST), 0, 0
    headers = {"Authorization": f"Bearer {noted.key}"}
    timeout = aiohttp.ClientTimeout(total=REPLY_SECONDS)
    connector = aiohttp.TCPConnector(limit=MOST)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:

        async def ask(body: dict[str, Any]) -> None:
            nonlocal tokens, refused
            async with places, session.post(noted.url, json=body) as reply:
                answer = json.loads(await reply.read())
            if "usage" in answer:
                tokens += answer["usage"]["completion_tokens"]
            else:
                refused += 1
                print(f"refused: {str(answer)[:200]}", flush=True)

        started = time.perf_counter()
        await asyncio.gather(*map(ask, noted.bodies))
        if refused:
            print(f"{refused} of {len(noted.bodies)} requests were refused", flush=True)
        return time.perf_counter() - started, tokens


def compare(prompts: int, repeats: int) -> None:
    """Print both in turn, and the ratio of the medians, for each stage and for both together."""
    from backend.services import demo, rounds
    from backend.services.people import accounts

    actor = accounts.local_owner()
    project_id = demo.create(actor)
    plan = rounds.defaults(actor, project_id).__dict__ | {"is_reviewed": False, "engine": "vllm"}
    through: dict[str, list[float]] = {"generate": [], "judge": []}
    between: dict[str, list[float]] = {"generate": [], "judge": []}
    alone: dict[str, list[float]] = {"generate": [], "judge": []}
    for number in range(repeats + 1):
        # The first one starts the server and loads the libraries.
        asked = rounds.Plan(**plan | {"num_prompts": prompts if number else 16})
        round_id = rounds.launch(actor, project_id, asked)
        for stage in through:
            with noting() as noted:
                seconds = run_stage(round_id)
                before, after = noted.around(time.perf_counter())
            beside, tokens = asyncio.run(bare(noted))
            if number:
                through[stage].append(seconds)
                between[stage].append(noted.seconds)
                alone[stage].append(beside)
                print(
                    f"{stage}: {len(noted.bodies)} requests, {tokens} tokens: through Rondo {seconds:.2f} s, of which "
                    f"{before:.2f} s before the first request and {after:.2f} s after the last reply; bare "
                    f"{beside:.2f} s, {tokens / beside:.0f} tokens/s; load {os.getloadavg()[0]:.0f}",
                    flush=True,
                )
    theirs = {stage: statistics.median(each) for stage, each in alone.items()}
    for what, each in (("whole stages", through), ("from the first request to the last reply", between)):
        ours = {stage: statistics.median(seconds) for stage, seconds in each.items()}
        ratios = ", ".join(f"{stage} {theirs[stage] / ours[stage]:.3f}" for stage in ours)
        print(
            f"vLLM through Rondo / bare, {prompts} prompts, {repeats} times in turn, {what}: {ratios}, both "
            f"{sum(theirs.values()) / sum(ours.values()):.3f} (asked 0.97)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="the Python that has vLLM")
    parser.add_argument("--prompts", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed")
    asked = parser.parse_args()
    os.environ["RONDO_VLLM_PYTHON"] = asked.python
    os.environ["RONDO_VLLM_OPTIONS"] = "--no-enable-prefix-caching"
    # The requests sent bare hold no place at the server, which would end in the midst of them.
    os.environ["RONDO_VLLM_IDLE_SECONDS"] = "3600"
    with data_folder():
        from tests.vllm_server import stop_servers

        try:
            compare(asked.prompts, asked.repeats)
        finally:
            stop_servers()


if __name__ == "__main__":
    sys.exit(main())
