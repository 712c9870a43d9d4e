"""coexpr network --part and coexpr network merge."""

from pathlib import Path

from helpers.command import run


def test_parts_are_computed_and_merged(synthetic_database: Path, tmp_path: Path) -> None:
    at = ("--db", synthetic_database)
    network = ("network", "--top", "3", "--memory", "0.05", *at, "-o", tmp_path / "n.parquet")
    for number in (1, 2):
        messages = " ".join(run(*network, "--part", f"{number}/2").stderr.split())
        assert "of 2 of a network of" in messages or "There is nothing to compute" in messages
        assert f"coexpr network merge {tmp_path}/n.parquet.part-*-of-2 -o {tmp_path}/n.parquet" in messages
    parts = sorted(tmp_path.glob("n.parquet.part-*-of-2"))
    assert [part.name for part in parts] == ["n.parquet.part-1-of-2", "n.parquet.part-2-of-2"]
    merge = ("network", "merge", *parts, *at, "-o", tmp_path / "merged.parquet")
    run(*network, "--undirected", "--mutual-rank")
    assert "Wrote " in run(*merge, "--undirected", "--mutual-rank").stderr
    assert (tmp_path / "merged.parquet").read_bytes() == (tmp_path / "n.parquet").read_bytes()
    error = run("network", "merge", parts[0], *at, "-o", tmp_path / "merged.parquet", code=1).stderr
    assert "Error: 1 part of 2 missing: 2" in error


def test_options_of_the_file_are_not_options_of_a_part(synthetic_database: Path, tmp_path: Path) -> None:
    network = ("network", "--top", "3", "--db", synthetic_database, "-o", tmp_path / "n.graphml")
    error = run(*network, "--part", "1/2", "--undirected", code=1).stderr
    assert "--undirected with --part: a part is the same with and without" in " ".join(error.split())
    error = run(*network, "--part", "1/2", "--plot", tmp_path / "n.svg", code=1).stderr
    assert "--plot with --part: a part is the same with and without" in " ".join(error.split())
    error = run(*network, "--part", "3/2", code=1).stderr
    assert "--part '3/2': expected K/N" in " ".join(error.split())
    assert not list(tmp_path.iterdir())
