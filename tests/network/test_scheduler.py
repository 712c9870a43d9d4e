"""Networks on the workers of a scheduler: the edges are those of one process, whatever happens to the workers."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.command import run
from helpers.recorded import Recorded
from helpers.row_sources import FatalSource

import coexpr.network.driver
import coexpr.network.scheduler
from coexpr.atlas import Atlas
from coexpr.errors import DatabaseError, OutputError, SchedulerError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.plan import EdgeSelection, Plan
from coexpr.network.products import InProcess
from coexpr.network.row_source import FileSource
from coexpr.network.sample_shards import products_of
from coexpr.network.scheduler import LOCAL, Scheduler
from coexpr.network.worker import Job
from coexpr.stats.measures import Estimator

pytestmark = pytest.mark.long

pytest.importorskip("distributed")
PLAN = Plan(900, 100, 2)
SELECTIONS = [EdgeSelection(5, None), EdgeSelection(5, 0.3), EdgeSelection(None, 0.4)]


def profiles() -> np.ndarray:
    """Return profiles of five modules, one of them constant, one with a missing value, and some equal."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(900, 80)) + rng.normal(size=(5, 80))[np.arange(900) % 5] + 6
    x[7] = 4
    x[11, 3] = np.nan
    x[500:520] = x[20:40]
    return x.astype(np.float32)


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path, workers: int, memory: str = "0") -> None:
        from distributed import Client

        self.processes: list[subprocess.Popen] = []
        file = folder / "scheduler.json"
        where = "--scheduler-file", file, "--host", "127.0.0.1", "--no-dashboard"
        self._start(folder, "dask_scheduler", *where, "--port", 0)
        while not file.exists():
            time.sleep(0.05)
        for _ in range(workers):
            options = "--nthreads", 1, "--no-nanny", "--memory-limit", memory, "--local-directory", folder / "scratch"
            self._start(folder, "dask_worker", *where, *options)
        self.address = json.loads(file.read_text())["address"]
        with Client(self.address, set_as_default=False) as client:
            while len(client.nthreads()) < workers:
                time.sleep(0.05)

    def _start(self, folder: Path, module: str, *options: object) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, options)]
        with (folder / "log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder))

    def kill(self, number: int) -> None:
        """Kill the scheduler (0) or a worker."""
        self.processes[number].kill()
        self.processes[number].wait()

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers, which tests leave as it is."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), 2)
    yield made
    made.close()


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler with two workers for one test."""
    made = Cluster(tmp_path, 2)
    yield made
    made.close()


@pytest.fixture
def source(tmp_path: Path) -> FileSource:
    return FileSource.write(tmp_path / "rows.arrays", "key of the rows", profiles())


def edges_of(network: Network) -> dict[str, list]:
    parts = list(network.edges())
    return {name: np.concatenate([part[name] for part in parts]).tolist() for name in parts[0]}


def in_this_process(folder: Path, selection: EdgeSelection, progress: Recorded | None = None) -> Network:
    with Checkpoint(folder, {}) as checkpoint:
        network = Network(profiles(), Estimator(), selection, PLAN, checkpoint)
        network.find(progress or Recorded())
    return network


def on_workers(folder: Path, address: str, job: Job, progress: Recorded | None = None, workers: int = 2) -> Network:
    with Checkpoint(folder, {}) as checkpoint, Scheduler(address, job, workers) as scheduler:
        network = Network(profiles(), Estimator(), job.selection, job.plan, checkpoint, scheduler)
        network.find(progress or Recorded())
    return network


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_edges_are_those_of_one_process(
    tmp_path: Path, cluster: Cluster, source: FileSource, selection: EdgeSelection
) -> None:
    found = on_workers(tmp_path / "a", cluster.address, Job(source, Estimator(), PLAN, selection))
    expected = in_this_process(tmp_path / "b", selection)
    assert edges_of(found) == edges_of(expected)
    assert found.left_out == expected.left_out == {"with_missing_values": 1, "constant": 1}


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_a_killed_worker_changes_nothing(tmp_path: Path, source: FileSource, selection: EdgeSelection) -> None:
    from distributed import Client

    job, killed = Job(source, Estimator(), PLAN, selection), []

    def kill() -> None:
        if progress.advances == 12:
            with Client(scheduler._client.scheduler.address, set_as_default=False) as client:
                killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    progress = Recorded(kill)
    with Checkpoint(tmp_path / "a", {}) as checkpoint, Scheduler(LOCAL, job, 2) as scheduler:
        found = Network(profiles(), Estimator(), selection, PLAN, checkpoint, scheduler)
        found.find(progress)
    assert killed
    assert progress.advances == len(PLAN.steps())
    assert edges_of(found) == edges_of(in_this_process(tmp_path / "b", selection))


def test_a_run_continues_in_one_process_after_its_scheduler_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cluster: Cluster, source: FileSource
) -> None:
    monkeypatch.setattr(coexpr.network.driver, "_CHECKPOINT_SECONDS", 0)

    def kill() -> None:
        if first.advances == 12:
            own_cluster.kill(0)

    first, second = Recorded(kill), Recorded()
    with pytest.raises(SchedulerError, match=r"is lost.*the same command continues"):
        on_workers(tmp_path / "a", own_cluster.address, Job(source, Estimator(), PLAN, SELECTIONS[0]), first)
    continued = in_this_process(tmp_path / "a", SELECTIONS[0], second)
    assert second.messages == [f"{first.advances} of 45 steps were done before"]
    assert edges_of(continued) == edges_of(in_this_process(tmp_path / "b", SELECTIONS[0]))


def test_a_run_without_workers_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cluster: Cluster, source: FileSource
) -> None:
    monkeypatch.setattr(coexpr.network.scheduler, "_PATIENCE", 2)

    def kill() -> None:
        if progress.advances == 12:
            own_cluster.kill(1)
            own_cluster.kill(2)

    progress = Recorded(kill)
    job = Job(source, Estimator(), PLAN, SELECTIONS[0])
    with pytest.raises(SchedulerError, match="has had no worker for 2 s"):
        on_workers(tmp_path / "a", own_cluster.address, job, progress)
    with pytest.raises(SchedulerError, match="has had no worker for 2 s"):
        on_workers(tmp_path / "a", own_cluster.address, job)


def test_a_task_that_kills_workers_ends_the_run(tmp_path: Path, source: FileSource) -> None:
    job = Job(FatalSource(source.path, source.key), Estimator(), PLAN, SELECTIONS[0])
    with pytest.raises(SchedulerError, match=r"the task of blocks \d and \d ended \d workers in a row"):
        on_workers(tmp_path / "a", LOCAL, job)


def test_a_worker_without_the_file_is_named(tmp_path: Path, cluster: Cluster, source: FileSource) -> None:
    job = Job(source, Estimator(), PLAN, SELECTIONS[0])
    source.path.write_bytes(source.path.read_bytes()[:-1])
    with pytest.raises(SchedulerError, match=rf"worker .*127\.0\.0\.1:\d+: {source.path} is damaged, or was made"):
        on_workers(tmp_path / "a", cluster.address, job)
    FileSource.write(source.path, "another key", profiles())
    with pytest.raises(SchedulerError, match="is damaged, or was made from another database"):
        on_workers(tmp_path / "a", cluster.address, job)
    source.path.unlink()
    with pytest.raises(SchedulerError, match=rf"worker .*127\.0\.0\.1:\d+: there is no {source.path}\."):
        on_workers(tmp_path / "a", cluster.address, job)
    FileSource.write(source.path, source.key, profiles())
    again = on_workers(tmp_path / "a", cluster.address, job)
    assert edges_of(again) == edges_of(in_this_process(tmp_path / "b", SELECTIONS[0]))


def test_another_version_on_a_worker_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster, source: FileSource
) -> None:
    job = Job(source, Estimator(), PLAN, SELECTIONS[0], "0.0.1")
    with pytest.raises(SchedulerError, match=r"worker .*: this is coexpr .*, and the network is computed by 0\.0\.1"):
        on_workers(tmp_path / "a", cluster.address, job)
    monkeypatch.setattr(coexpr, "__version__", "0.0.1")
    with pytest.raises(SchedulerError, match=r"the scheduler has coexpr .*, and this is coexpr 0\.0\.1"):
        on_workers(tmp_path / "a", cluster.address, job)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "tcp://127.0.0.1:9", "nowhere", "http://127.0.0.1:9", ""])
def test_an_address_without_a_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: FileSource, address: str
) -> None:
    monkeypatch.setattr(coexpr.network.scheduler, "_CONNECTING", 1)
    with pytest.raises(SchedulerError, match=f"there is no scheduler at {address}"):
        on_workers(tmp_path / "a", address, Job(source, Estimator(), PLAN, SELECTIONS[0]))


def test_logs_and_environment_are_as_before(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], source: FileSource
) -> None:
    import distributed  # noqa: F401

    before = dict(os.environ)
    on_workers(tmp_path / "a", LOCAL, Job(source, Estimator(), PLAN, SELECTIONS[0]))
    assert dict(os.environ) == before
    assert not logging.getLogger("distributed").disabled
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "options",
    [("--top", 3), ("--min-abs-r", 0.5), ("--top", 3, "--rule", "average", "--structure", "Cx"),
     ("--top", 3, "--mutual-rank", "--adjust", "donor"), ("--top", 2, "--category", "GO:0007399")],
    ids=str,
)  # fmt: skip
def test_the_file_is_the_same(
    synthetic_database: Path, tmp_path: Path, cluster: Cluster, options: tuple[object, ...]
) -> None:
    common = (*options, "--db", synthetic_database)
    run("network", *common, "-o", tmp_path / "a.parquet")
    done = run("network", *common, "-o", tmp_path / "b.parquet", "--scheduler", cluster.address)
    assert "Wrote" in done.stderr
    assert "distributed" not in done.stderr
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_workers_need_the_cache(
    synthetic_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    monkeypatch.setenv("COEXPR_CACHE", "off")
    with (
        Atlas(shutil.copy(synthetic_database, tmp_path)) as atlas,
        pytest.raises(DatabaseError, match=r"there is no .*\.matrix, which the workers of a scheduler read"),
    ):
        atlas.network(tmp_path / "n.parquet", top=3, scheduler=cluster.address)


def test_nothing_of_dask_is_loaded_without_a_scheduler(synthetic_database: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from coexpr import Atlas\n"
        f"with Atlas({str(synthetic_database)!r}) as atlas: atlas.network({str(tmp_path / 'n.csv')!r}, top=2)\n"
        "assert not {'dask', 'distributed', 'tornado'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_package_the_extra_is_named(
    synthetic_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coexpr.extras.find_spec", lambda name: None)
    with Atlas(synthetic_database) as atlas, pytest.raises(ImportError, match=r"pip install 'coexpr\[dask\]'"):
        atlas.network(tmp_path / "n.parquet", top=3, scheduler="local")
    with Atlas(synthetic_database) as atlas, pytest.raises(OutputError):
        atlas.network(tmp_path / "no folder" / "n.parquet", top=3, scheduler="local")


def test_shards_of_samples_on_workers(tmp_path: Path, cluster: Cluster, source: FileSource) -> None:
    plan, selection = Plan(900, 300, 1, 33), SELECTIONS[0]
    found = on_workers(tmp_path / "a", cluster.address, Job(source, Estimator(), plan, selection))
    with Checkpoint(tmp_path / "b", {}) as checkpoint:
        engine = InProcess(products_of(profiles(), Estimator(), plan), plan, selection)
        expected = Network(profiles(), Estimator(), selection, plan, checkpoint, engine)
        expected.find()
    assert edges_of(found) == edges_of(expected)
    assert found.left_out == expected.left_out == {"with_missing_values": 1, "constant": 1}


def test_parts_on_workers(synthetic_database: Path, tmp_path: Path, cluster: Cluster) -> None:
    with Atlas(synthetic_database) as atlas:
        asked = {"level": "probe", "top": 3, "memory": 600_000}
        atlas.network(tmp_path / "a.parquet", **asked)
        for part in ("1/2", "2/2"):
            atlas.network_part(part, tmp_path / "b.parquet", **asked, scheduler=cluster.address)
        atlas.merge_network([tmp_path / f"b.parquet.part-{k}-of-2" for k in (1, 2)], tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_worker_without_memory_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: FileSource
) -> None:
    monkeypatch.setattr(coexpr.network.scheduler, "_PATIENCE", 2)
    crowded = Cluster(tmp_path, 1, "40MB")
    try:
        with pytest.raises(
            SchedulerError, match=r"worker tcp://.* has been paused for 2 s, because it is out of memory"
        ):
            on_workers(tmp_path / "a", crowded.address, Job(source, Estimator(), PLAN, SELECTIONS[0]))
    finally:
        crowded.close()
