"""A state machine: downloads, categories, queries, crashes and upgrades in any order."""

import shutil
import tempfile
from pathlib import Path

import duckdb
import numpy as np
from crash.faults import SOURCE, Fault, Kind, Runner
from helpers.preloaded import build
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coexpr.atlas import Atlas
from coexpr.errors import NotFoundError
from coexpr.loading.backup import back_up, restore
from coexpr.loading.categories import add_categories, remove_categories
from coexpr.loading.downloads import ingest
from states.model import EXPRESSION, NAMES, SYMBOLS, Model, Pool

DOWNLOADS = st.sampled_from(sorted(EXPRESSION))
# Calls that change files in an ingest of one of these downloads; a later number does not disturb it.
_CALLS = 120


class Database(RuleBasedStateMachine):
    """A database and its model. `prepared` is a database without downloads, which is copied."""

    prepared: Path

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.folder, scratch = self.home / "files", self.home / "scratch"
        self.folder.mkdir()
        scratch.mkdir()
        self.path = self.folder / "atlas.duckdb"
        self.pool = Pool(self.home / "downloads")
        self.model = Model()
        self.backup: Model | None = None
        self.runner = Runner(build(SOURCE, scratch), self.folder, scratch)
        self.is_newer = False

    def teardown(self) -> None:
        self.runner.close()
        shutil.rmtree(self.home)

    @initialize()
    def start(self) -> None:
        shutil.copy(self.prepared, self.path)

    @rule(name=DOWNLOADS)
    def load(self, name: str) -> None:
        """Load a download, for the first time or again."""
        (status,) = ingest(self.pool.paths()[name], self.path).column("status")
        assert status == ("already loaded" if name in self.model.loaded else "loaded")
        if status == "loaded":
            self.model.loaded.append(name)

    @rule(name=DOWNLOADS, kind=st.sampled_from([Kind.BEFORE, Kind.HALF, Kind.AFTER]), number=st.integers(1, _CALLS))
    def load_and_crash(self, name: str, kind: Kind, number: int) -> None:
        """Kill an ingest at one of its calls that change files. The download is loaded, or it is not."""
        command = ["ingest", self.pool.paths()[name], "--db", self.path]
        ended = self.runner.run(command, Fault(kind, number))
        assert ended.is_killed or ended.code == 0, ended.stderr
        with duckdb.connect(self.path, read_only=True) as connection:
            (count,) = connection.execute("select count(*) from downloads").fetchone()
        assert count - len(self.model.loaded) in (0, 1)
        if count > len(self.model.loaded):
            assert name not in self.model.loaded
            self.model.loaded.append(name)

    @rule(name=st.sampled_from(["mine", "yours"]), symbols=st.sets(st.sampled_from(SYMBOLS), min_size=1))
    def add_category(self, name: str, symbols: set[str]) -> None:
        file = self.home / "genes.txt"
        file.write_text("\n".join(sorted(symbols)))
        add_categories([file], self.path, name=name)
        self.model.categories = {**self.model.categories, name: sorted(symbols)}

    @precondition(lambda self: self.model.categories)
    @rule(data=st.data())
    def remove_category(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.categories)))
        remove_categories(self.path, name=name)
        self.model.categories = {key: value for key, value in self.model.categories.items() if key != name}

    @rule()
    def downgrade(self) -> None:
        """Turn the database into one of an older version, which the next load brings up to date."""
        with duckdb.connect(self.path) as connection:
            connection.execute("update schema_definitions set sha256 = 'of an older version'")
            connection.execute("drop view known_names")
        self.load("both")

    @rule()
    def save(self) -> None:
        back_up(self.home / "backup.duckdb", self.path, force=True)
        self.backup = Model(list(self.model.loaded), self.model.categories)

    @precondition(lambda self: self.backup)
    @rule()
    def load_backup(self) -> None:
        assert self.backup is not None
        restore(self.home / "backup.duckdb", self.path, force=True)
        self.model = Model(list(self.backup.loaded), self.backup.categories)

    @rule(seed=st.integers(0, 3))
    def query_a_probe(self, seed: int) -> None:
        known = self.model.probes_with_expression()
        with Atlas(self.path) as atlas:
            if seed not in known:
                try:
                    atlas.correlates(NAMES[seed], level="probe", top=None)
                except NotFoundError:
                    return
                raise AssertionError("a probe without expression has correlates")
            result = atlas.correlates(NAMES[seed], level="probe", top=None)
        name, r, n = (result.columns.index(column) for column in ("probe_name", "r", "n"))
        found = {row[name]: (row[r], row[n]) for row in result}
        expected = {NAMES[other]: self.model.r(seed, other) for other in known if other != seed}
        assert set(found) == {key for key, (value, _) in expected.items() if not np.isnan(value)}
        for key, (value, count) in found.items():
            assert abs(value - expected[key][0]) < 1e-6
            assert count == expected[key][1]

    @precondition(lambda self: self.model.categories)
    @rule(data=st.data(), seed=st.sampled_from(SYMBOLS))
    def query_within_a_category(self, data: st.DataObject, seed: str) -> None:
        category = data.draw(st.sampled_from(sorted(self.model.categories)))
        representatives = {symbol: self.model.representative(symbol) for symbol in SYMBOLS}
        if representatives[seed] is None:
            return
        members = [
            symbol
            for symbol in self.model.categories[category]
            if symbol != seed and representatives[symbol] is not None
        ]
        with Atlas(self.path) as atlas:
            try:
                result = atlas.correlates(seed, gene_filter=category, top=None)
            except NotFoundError:
                assert not members
                return
        assert sorted(result.column("gene_symbol")) == members

    @invariant()
    def is_consistent(self) -> None:
        if not self.path.exists():
            return
        with Atlas(self.path) as atlas:
            failed = [row for row in atlas.verify() if not row[1]]
            assert not failed, failed
            assert {file.name for file in self.folder.iterdir()} <= {
                "atlas.duckdb", "atlas.duckdb.wal", "atlas.duckdb.matrix", "atlas.duckdb.lock",
                *(file.name for file in self.folder.glob(".atlas*")),
            }  # fmt: skip
