"""coexpr enrich as a command: what it prints, and which options exclude each other."""

import json
from pathlib import Path

import pytest
from helpers.command import invoke

from coexpr.atlas import Atlas

FEW = ("--surrogates", 99, "--max-size", 30)


def test_categories_of_a_gene(synthetic_database: Path) -> None:
    done = invoke("enrich", "NTRK2", *FEW, "--top", 3, "--db", synthetic_database)
    assert done.exit_code == 0
    header, _, *rows = done.stdout.splitlines()
    assert header.split()[:4] == ["rank", "source", "accession", "name"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert "Seed NTRK2 (A_23_P216779), left out of the categories." in done.stderr
    assert "Null model: 99 surrogates by Moran spectral randomisation with the measured covariance" in done.stderr
    assert "Compare with the samples of the cortex (Cx)" in done.stderr
    assert "naive_p" not in done.stdout + done.stderr


def test_json_is_that_of_python(synthetic_database: Path) -> None:
    done = invoke("enrich", "NTRK2", "BDNF", *FEW, "--all", "--naive-p", "--format", "json", "--db", synthetic_database)
    with Atlas(synthetic_database) as atlas:
        result = atlas.enrich(["NTRK2", "BDNF"], top=None, surrogates=99, max_size=30, naive_p=True)
    assert json.loads(done.stdout)["rows"] == [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert "Warning: naive_p compares with random genes." in done.stderr


def test_a_map_is_a_seed(synthetic_database: Path, tmp_path: Path) -> None:
    with Atlas(synthetic_database) as atlas:
        lines = [f"{row[0]},{row[-1]}" for row in atlas.expression(["NTRK2"]).rows]
    file = tmp_path / "map.csv"
    file.write_text("\n".join(["sample_id,value", *lines]) + "\n")
    done = invoke("enrich", "--map", file, *FEW, "--db", synthetic_database)
    assert (done.exit_code, "Map map.csv, column value: 90 samples matched to 90 samples." in done.stderr) == (0, True)


def test_within_and_between_categories(synthetic_database: Path) -> None:
    done = invoke("enrich", "--within", "synapse organization", "--surrogates", 99, "--db", synthetic_database)
    assert (done.exit_code, done.stdout.split()[0]) == (0, "scope")
    assert "Mean r between the genes of synapse organization (GO:0050808" in done.stderr
    pair = ("synapse organization", "learning")
    done = invoke("enrich", "--between", *pair, "--surrogates", 99, "--db", synthetic_database)
    assert (done.exit_code, "with those of learning (GO:0007612" in done.stderr) == (0, True)


@pytest.mark.long
def test_the_figure(synthetic_database: Path, tmp_path: Path) -> None:
    file = tmp_path / "enrich.svg"
    done = invoke("enrich", "NTRK2", *FEW, "--plot", file, "--db", synthetic_database)
    assert done.exit_code == 0
    text = file.read_text()
    assert "Categories correlated with NTRK2" in text
    assert text.count('id="null-interval"') == text.count('id="mean-r"') == 1


def test_the_methods_paragraph_and_replay(synthetic_database: Path, tmp_path: Path) -> None:
    for number, words in enumerate([("NTRK2", *FEW), ("--within", "learning", "--surrogates", 99)]):
        file = tmp_path / f"{number}.json"
        assert invoke("enrich", *words, "-o", file, "--db", synthetic_database).exit_code == 0
        text = " ".join(invoke("methods", file).stdout.split())
        assert "Moran spectral randomization (Wagner and Dray 2015)" in text
        assert ("CAMERA" in text, "(Wu and Smyth 2012)" in text) == (not number, not number)
        done = invoke("replay", file, "--db", synthetic_database)
        assert (done.exit_code, "Identical" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Error: expected one of SEED, --map, --within, --between; none is given."),
        (
            ("NTRK2", "--within", "learning"),
            "Error: expected one of SEED, --map, --within, --between; SEED and --within",
        ),
        (("--within", "learning", "--top", 3), "Error: --top is about the categories of a seed."),
        (("--within", "learning", "--all"), "Error: --all is about the categories of a seed."),
        (("NTRK2", "--top", 3, "--all"), "Error: --all and --top contradict each other"),
        (("NTRK2", "--radius", 3), "Error: --radius is about a map."),
        (("NTRK2", "--surrogates", 0), "Error: --surrogates 0: expected a whole number from 99"),
        (("NTRK2", "--min-size", 90, "--max-size", 20), "Error: --min-size 90 is larger than --max-size 20"),
        (("NTRK2", "--source", "KEGG"), "Error: --source 'KEGG': no category of these sizes is from it."),
        (("NTRK2", "--space", "corrected"), "Error: no sample of this database has corrected MNI coordinates."),
    ],
)
def test_what_cannot_be_asked(synthetic_database: Path, words: tuple[object, ...], sentence: str) -> None:
    done = invoke("enrich", *words, "--db", synthetic_database)
    assert (done.exit_code in (1, 2), done.stdout) == (True, "")
    assert done.stderr.splitlines()[-1].startswith(sentence), done.stderr


def test_a_figure_of_two_categories_is_refused(synthetic_database: Path, tmp_path: Path) -> None:
    done = invoke("enrich", "--within", "learning", "--plot", tmp_path / "a.png", "--db", synthetic_database)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: --plot draws the categories of a seed.")
