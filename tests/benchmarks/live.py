"""Measure a baseline and coexpr inside one process, alternating, and write the seconds as JSON to stdout."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from coexpr import Atlas, SampleFilter

SEED, CATEGORY = "A_23_P216779", "nervous system development"
BLOCK = 4096
Pair = tuple[Callable[[], object], Callable[[], object]]


def whole(atlas: Atlas) -> np.ndarray:
    """Return all profiles in memory, (P, S) float32."""
    return atlas._expression.matrix.log2(slice(None))


def unit(x: np.ndarray) -> np.ndarray:
    """Return rows of mean 0 and unit length."""
    x = x - x.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return x / np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]


def one_against_all(atlas: Atlas, sample_filter: SampleFilter | None, with_baseline: bool) -> Pair:
    def correlates() -> object:
        return atlas.correlates(SEED, sample_filter=sample_filter)

    correlates()  # maps the matrix
    x = whole(atlas) if with_baseline else np.zeros((1, 1), np.float32)
    d = x[0].copy()
    return lambda: x @ d, correlates


def by_pass(atlas: Atlas, method: Literal["spearman", "bicor"], with_baseline: bool) -> Pair:
    def ranked(block: np.ndarray) -> np.ndarray:
        order = np.argsort(block, axis=1)
        ranks = np.empty(block.shape, np.float32)
        np.put_along_axis(ranks, order, np.arange(block.shape[1], dtype=np.float32)[None].repeat(len(block), 0), axis=1)
        return ranks

    def weighted(block: np.ndarray) -> np.ndarray:
        d = block - np.median(block, axis=1, keepdims=True)
        u = d / (9 * np.median(np.abs(d), axis=1, keepdims=True))
        return d * np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0)

    x = whole(atlas) if with_baseline else np.zeros((1, 1), np.float32)
    change = ranked if method == "spearman" else weighted

    def baseline() -> object:
        with np.errstate(invalid="ignore"):
            d = unit(change(x[:1]))[0]
            return np.concatenate([unit(change(x[at : at + 256])) @ d for at in range(0, len(x), 256)])

    return baseline, lambda: atlas.correlates(SEED, method=method)


def matrix(atlas: Atlas, with_baseline: bool) -> Pair:
    from coexpr.analysis.profiles import profiles_of_genes
    from coexpr.options import ProbeSelection

    x = np.zeros((1, 1), np.float32)
    if with_baseline:
        probes = "from category_probes semi join expression using (probe_id) where name = $name"
        genes = atlas.sql(f"select distinct gene_id {probes}", {"name": CATEGORY}).fetchall()
        ids = [gene_id for (gene_id,) in genes]
        expression = atlas._expression
        x = np.asarray(profiles_of_genes(expression, ProbeSelection(), expression.all_samples, ids).expression)
    return lambda: np.corrcoef(x), lambda: atlas.correlation_matrix(gene_filter=CATEGORY)


def network(atlas: Atlas, count: int, with_baseline: bool) -> Pair:
    names = probes_of(atlas, count)
    everything = count >= len(atlas._expression.matrix.probe_ids)
    x = unit(whole(atlas)[:count]) if with_baseline else np.zeros((1, 1), np.float32)

    def baseline() -> None:
        for row in range(0, len(x), BLOCK):
            for other in range(row, len(x), BLOCK):
                x[row : row + BLOCK] @ x[other : other + BLOCK].T

    def write_network() -> object:
        with tempfile.TemporaryDirectory() as folder:
            return atlas.network(Path(folder) / "n.parquet", () if everything else names, level="probe", top=50)

    return baseline, write_network


def by_scheduler(atlas: Atlas, count: int) -> Pair:
    """Return a network of one process with two threads, and the same through two processes of one thread each."""

    def write(**settings: str) -> object:
        with tempfile.TemporaryDirectory() as folder:
            return atlas.network(Path(folder) / "n.parquet", probes_of(atlas, count), level="probe", top=50, **settings)

    return write, lambda: write(scheduler="local")


def in_parts(atlas: Atlas, count: int, parts: int = 16) -> Pair:
    """Return a network, and the same in parts that are merged."""
    names = probes_of(atlas, count)

    def merged() -> object:
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "n.parquet"
            for part in range(1, parts + 1):
                atlas.network_part(f"{part}/{parts}", output, names, level="probe", top=50)
            return atlas.merge_network(sorted(Path(folder).glob("*part*")), output)

    return network(atlas, count, False)[1], merged


def enrichment(atlas: Atlas, with_baseline: bool) -> Pair:
    """Return the product of the centroids of all categories with all surrogates, and an enrichment."""
    atlas.enrich("NTRK2")  # writes the null model and the centroids
    rng = np.random.default_rng(0)
    shapes = ((7570, 3702), (10_000, 3702)) if with_baseline else ((1, 1), (1, 1))
    centroids, surrogates = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)

    def baseline() -> None:
        for start in range(0, len(centroids), 512):
            centroids[start : start + 512] @ surrogates.T

    return baseline, lambda: atlas.enrich("BDNF")


def probes_of(atlas: Atlas, count: int) -> list[str]:
    """Return the names of the first probes."""
    return [name for (name,) in atlas.sql(f"select probe_name from probes order by probe_id limit {count}").fetchall()]


def peer(atlas: Atlas, name: str) -> Pair:
    x = whole(atlas)
    if name == "pandas":
        import pandas as pd

        frame = pd.DataFrame(x.T)
        return lambda: frame.corrwith(frame[0]), lambda: atlas.correlates(SEED)
    if name == "duckdb":
        import duckdb

        some = x[:2000]
        connection = duckdb.connect()
        places = np.tile(np.arange(x.shape[1], dtype=np.int32), len(some))
        rows = np.repeat(np.arange(len(some), dtype=np.int32), x.shape[1])
        connection.register("v", {"row": rows, "place": places, "value": some.reshape(-1)})
        connection.execute("create table long as from v")
        text = (
            "select b.row, corr(a.value::double, b.value::double) from long a join long b using (place) "
            "where a.row = 0 group by b.row"
        )
        times = max(1, len(x) // 2000)
        return lambda: [connection.execute(text).fetchall() for _ in range(times)], lambda: atlas.correlates(SEED)
    some = unit(x[: 20000 if name == "faiss" else 3000])
    some[np.isnan(some)] = 0
    if name == "faiss":
        import faiss

        def index() -> object:
            flat = faiss.IndexFlatIP(some.shape[1])
            flat.add(some)
            return flat.search(some, 51)

        return index, network(atlas, 20000, False)[1]
    from corals.correlation.topk.default import topk_combined

    return lambda: topk_combined(some.T, k=0.01), network(atlas, 3000, False)[1]


def pair_of(atlas: Atlas, name: str, more: list[str], with_baseline: bool) -> Pair:
    """Return the baseline and the call of coexpr for a row."""
    if name == "structure":
        return one_against_all(atlas, SampleFilter("Cx"), with_baseline)
    if name == "small-structure":
        return one_against_all(atlas, SampleFilter("HiF"), with_baseline)
    if name == "hemisphere":
        return one_against_all(atlas, SampleFilter(hemisphere="L"), with_baseline)
    if name == "donors":
        donors = atlas.contents().donors.column("donor_name")
        return one_against_all(atlas, SampleFilter(donors=donors[1:] or donors), with_baseline)
    if name in ("spearman", "bicor"):
        return by_pass(atlas, name, with_baseline)
    if name == "matrix":
        return matrix(atlas, with_baseline)
    if name == "network":
        return network(atlas, int(more[0]), with_baseline)
    if name == "scheduler":
        return by_scheduler(atlas, int(more[0]))
    if name == "parts":
        return in_parts(atlas, int(more[0]))
    if name == "enrich":
        return enrichment(atlas, with_baseline)
    if name.startswith("peer-"):
        return peer(atlas, name.removeprefix("peer-"))
    return one_against_all(atlas, None, with_baseline)


def main() -> None:
    """Measure a row; or run coexpr only, for its memory; or write the matrix for the baseline of a query."""
    database, name, times, *more = [argument for argument in sys.argv[1:] if argument != "--without-baseline"]
    with_baseline = "--without-baseline" not in sys.argv
    with Atlas(database) as atlas:
        if name == "dump":
            whole(atlas).tofile(more[0])
            return
        baseline, call = pair_of(atlas, name, more, with_baseline)
        seconds: dict[str, list[float]] = {"baseline": [], "coexpr": []}
        if not with_baseline:
            call()
            return
        for turn in range(int(times) + (int(times) > 1)):
            for side, act in (("baseline", baseline), ("coexpr", call)):
                start = time.perf_counter()
                act()
                if turn or int(times) == 1:
                    seconds[side].append(time.perf_counter() - start)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
