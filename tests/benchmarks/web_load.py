"""Twenty users at once: how long pages of `coexpr serve` take, and how much memory the server uses.

    python -m benchmarks.web_load DATABASE [--users 20] [--pages 15] [--reading 0]

Every user opens a page, waits for it, reads it for some seconds, and opens the next one: correlates of random genes,
most of them in a category, pairs, the first page, and completions of names between them.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import httpx2 as httpx

from coexpr import Atlas

CATEGORIES = ("nervous system development", "synapse organization", "immune response", "")


# A kind of page, its path and its parameters.
Page = tuple[str, str, dict[str, str]]


def pages_of(user: int, genes: list[str], count: int) -> list[Page]:
    chance = random.Random(user)
    pages: list[Page] = []
    for _ in range(count):
        a, b = chance.sample(genes, 2)
        category = chance.choice(CATEGORIES)
        pages += chance.choices(
            [
                ("correlates", "/correlates", {"seed": a} | ({"category": category} if category else {})),
                ("pair", "/pair", {"a": a, "b": b}),
                ("first page", "/", {}),
            ],
            weights=[7, 2, 1],
        )
        pages += [("completion", "/api/complete", {"text": a[:length]}) for length in (1, 2, 3)]
    return pages


async def use(client: httpx.AsyncClient, pages: list[Page], reading: float, took: dict[str, list[float]]) -> None:
    for kind, path, parameters in pages:
        start = time.perf_counter()
        answer = await client.get(path, params=parameters)
        took[kind].append(time.perf_counter() - start)
        if answer.status_code != 200:
            raise SystemExit(f"{answer.url}: status {answer.status_code}\n{answer.text[:500]}")
        if kind != "completion":
            await asyncio.sleep(random.uniform(0, 2 * reading))


async def measure(url: str, users: list[list[Page]], reading: float) -> dict[str, list[float]]:
    took: dict[str, list[float]] = defaultdict(list)
    limits = httpx.Limits(max_connections=len(users))
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as client:
        await use(client, users[0][:1], 0, defaultdict(list))  # maps the matrix
        await asyncio.gather(*(use(client, pages, reading, took) for pages in users))
    return took


def processor_time_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(process: int) -> dict[str, float]:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line)
    return {name: int(lines[name].split()[0]) / 1e6 for name in ("VmHWM", "RssAnon", "RssFile")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--pages", type=int, default=15)
    parser.add_argument("--reading", type=float, default=0, help="mean seconds between an answer and the next page")
    given = parser.parse_args()
    with Atlas(given.database) as atlas:
        genes = [row[2] for row in atlas.correlates(str(atlas.example_gene), top=2000, level="gene")]
    command = [sys.executable, "-m", "coexpr", "serve", "--port", "0", "--no-open", "--db", str(given.database)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = next(word for word in server.stderr.readline().split() if word.startswith("http"))
        try:
            users = [pages_of(user, genes, given.pages) for user in range(given.users)]
            took = asyncio.run(measure(url, users, given.reading))
            print(f"{given.users} users, {sum(map(len, took.values())):,} answers")
            for kind, seconds in sorted(took.items()):
                ordered = sorted(seconds)
                middle, late, longest = (ordered[int((len(ordered) - 1) * part)] for part in (0.5, 0.95, 1))
                print(f"{kind:<11} {len(ordered):>5}: median {middle:.3f} s, p95 {late:.3f} s, longest {longest:.3f} s")
            print(f"processor time of the server: {processor_time_of(server.pid):.1f} s")
            print("memory in GB:", ", ".join(f"{name} {value:.2f}" for name, value in memory_of(server.pid).items()))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
