"""Maps as profiles and their correlates, compared with plain computations."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from coexpr.analysis.brain_map import MIN_STRUCTURES, map_profile
from coexpr.analysis.map_matching import nearest_samples
from coexpr.atlas import Atlas
from coexpr.database.samples import find_all_samples, find_samples
from coexpr.errors import CoexprError, MapError, NotFoundError, OptionError, TooFewSamplesError
from coexpr.loading.downloads import ingest
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter


@pytest.fixture
def values(atlas: Atlas) -> list[dict]:
    result = atlas.expression(["NTRK2", "BDNF"])
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    for name in ("NTRK2", "BDNF"):  # as they are stored, not as the shortest decimal number
        for row in rows:
            row[name] = float(np.float32(row[name]))
    return rows


def profile(atlas: Atlas, given: object, sample_filter: SampleFilter | None = None, **options: object) -> np.ndarray:
    samples = find_all_samples(atlas._connection)
    if sample_filter:
        samples, _ = find_samples(atlas._connection, sample_filter)
    return map_profile(atlas._expression, given, samples, **options).profile


def paths(atlas: Atlas) -> dict[int, list[int]]:
    """The structures at and above each structure, from the root."""
    found = atlas.sql("select structure_id, structure_id_path from structures").fetchall()
    return {structure_id: [int(step) for step in path.split("/") if step] for structure_id, path in found}


def test_the_map_of_a_gene_by_sample_ranks_as_the_gene(atlas: Atlas, values: list[dict]) -> None:
    found = atlas.map({row["sample_id"]: row["NTRK2"] for row in values}, top=None)
    seed = atlas.correlates("NTRK2", top=None, include_self=True)
    assert found.columns == seed.columns
    for row, other in zip(found.rows, seed.rows, strict=True):
        assert row[:6] == other[:6]
        assert row[6] == pytest.approx(other[6], abs=1e-12)
        assert row[7] == other[7]
    use = found.provenance.map
    assert (use.kind, use.rows, use.matched, use.samples, use.unmatched) == ("samples", 90, 90, 90, [])


@pytest.mark.long
@pytest.mark.parametrize(
    "options",
    [
        {"level": "probe", "top": 7, "ascending": True},
        {"min_r": 0.2, "max_r": 0.7, "top": None},
        {"gene_filter": GeneFilter(categories=["nervous system development"])},
        {"gene_filter": "nervous system development", "rank_overall": False},
        {"method": CorrelationMethod("spearman", adjust="donor")},
        {"method": "bicor", "sample_filter": SampleFilter(["Cx"], donors=["9861", "10021"])},
        {"probe_selection": ProbeSelection("average")},
    ],
)
def test_every_option_means_what_it_does_for_a_seed(atlas: Atlas, values: list[dict], options: dict) -> None:
    level = options.get("level", "gene")
    seed = "NTRK2" if level == "gene" else "A_23_P216779"
    selection = {key: options[key] for key in ("probe_selection",) if key in options}
    of_seed = atlas.expression(seed, **selection)
    numbers = dict(zip(of_seed.column("sample_id"), of_seed.log2[0].astype(float).tolist(), strict=True))
    found = atlas.map(numbers, **options)
    expected = atlas.correlates(seed, include_self=True, **options)
    assert found.columns == expected.columns
    keys = [name for name in found.columns if name != "r"]
    for name in keys:
        assert found.column(name) == expected.column(name)
    np.testing.assert_allclose(found.column("r"), expected.column("r"), atol=1e-12)


def test_samples_without_a_value_are_left_out(atlas: Atlas, values: list[dict]) -> None:
    some = [row for row in values if row["donor"] in ("H0351.2001", "H0351.2002")]
    found = atlas.map({row["sample_id"]: row["NTRK2"] for row in some}, top=None)
    expected = atlas.correlates("NTRK2", sample_filter=SampleFilter(donors=["9861", "10021"]), top=None)
    r = dict(zip(found.column("gene_symbol"), found.column("r"), strict=True))
    assert all(r[gene] == pytest.approx(of, abs=1e-12) for gene, of in zip(
        expected.column("gene_symbol"), expected.column("r"), strict=True
    ))  # fmt: skip
    assert set(found.column("n")) == {len(some)}
    assert found.provenance.data.donors == ["H0351.2001", "H0351.2002"]


def test_the_nearest_structure_at_or_above_a_sample_gives_the_value(atlas: Atlas, values: list[dict]) -> None:
    above = paths(atlas)
    structures = sorted({row["structure_id"] for row in values})
    ancestors = sorted({step for structure in structures for step in above[structure]})
    rng = np.random.default_rng(1)
    chosen = rng.choice(ancestors, size=len(ancestors) * 2 // 3, replace=False).tolist()
    numbers = {structure: float(place) for place, structure in enumerate(chosen)}
    expected = [
        next((numbers[step] for step in reversed(above[row["structure_id"]]) if step in numbers), np.nan)
        for row in values
    ]
    found = profile(atlas, {f"{structure}": value for structure, value in numbers.items()})
    np.testing.assert_array_equal(found, expected)
    use = map_profile(atlas._expression, numbers, find_all_samples(atlas._connection)).use
    used = {value for value in expected if not np.isnan(value)}
    assert (use.matched, use.samples) == (len(used), int(np.isfinite(expected).sum()))
    assert {row.key for row in use.unmatched} == {str(key) for key, value in numbers.items() if value not in used}


def test_structures_by_acronym_name_and_id_mean_the_same(atlas: Atlas, values: list[dict]) -> None:
    found = atlas.sql("select acronym, min(name), list(structure_id) from structures group by acronym").fetchall()
    sampled = {row["acronym"] for row in values}
    acronyms = sorted(acronym for acronym, _, _ in found if acronym in sampled)
    numbers = {acronym: float(place) for place, acronym in enumerate(acronyms)}
    by_id = {str(structure): numbers[acronym] for acronym, _, ids in found if acronym in numbers for structure in ids}
    np.testing.assert_array_equal(profile(atlas, numbers), profile(atlas, by_id))
    names = {name.removesuffix(", left"): numbers[acronym] for acronym, name, _ in found if acronym in numbers}
    np.testing.assert_array_equal(profile(atlas, numbers), profile(atlas, names))


def test_points_give_their_value_to_the_nearest_sample(atlas: Atlas, values: list[dict], tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    sites = np.array([[row["mni_x"], row["mni_y"], row["mni_z"]] for row in values])
    points = np.round(sites[rng.integers(0, len(sites), 70)] + rng.normal(scale=3, size=(70, 3)), 2)
    numbers = rng.normal(size=70)
    path = tmp_path / "points.tsv"
    lines = [f"{x}\t{y}\t{z}\t{value!r}" for (x, y, z), value in zip(points.tolist(), numbers.tolist(), strict=True)]
    path.write_text("\n".join(["x\ty\tz\tvalue", *lines]))
    given: dict[int, list[float]] = {}
    left_out = []
    for row, (point, value) in enumerate(zip(points, numbers, strict=True), start=2):
        distances = [np.linalg.norm(point - site) for site in sites]
        nearest = int(np.argmin(distances))
        if distances[nearest] <= 4:
            given.setdefault(nearest, []).append(value)
        else:
            left_out.append(row)
    expected = [np.mean(given[place]) if place in given else np.nan for place in range(len(sites))]
    np.testing.assert_allclose(profile(atlas, path, radius=4), expected, rtol=0, atol=1e-12)
    assert left_out
    use = map_profile(atlas._expression, path, find_all_samples(atlas._connection), radius=4).use
    assert (use.space, use.radius, use.matched) == ("allen", 4, 70 - len(left_out))
    assert [row.row for row in use.unmatched] == left_out[:20]


def test_the_nearest_of_many_samples_and_points() -> None:
    rng = np.random.default_rng(3)
    sites = rng.uniform(-60, 60, size=(3000, 3))
    sites[::7] = np.nan
    points = rng.uniform(-60, 60, size=(1500, 3))
    nearest, distance = nearest_samples(points, sites)
    for row in range(0, 1500, 100):
        distances = np.linalg.norm(sites - points[row], axis=1)
        assert nearest[row] == np.nanargmin(distances)
        assert distance[row] == pytest.approx(np.nanmin(distances), abs=1e-12)


@pytest.fixture
def corrected(synthetic_database: Path, tmp_path: Path) -> Iterator[Atlas]:
    """The synthetic atlas with corrected coordinates, 20 mm off in x, of all samples but one."""
    database = tmp_path / "atlas.duckdb"
    shutil.copy(synthetic_database, database)
    with Atlas(database) as atlas:
        samples = atlas.sql("select sample_id, mni_x, mni_y, mni_z from samples order by sample_id").fetchall()
    lines = [f"{sample},{x + 20},{y},{z}" for sample, x, y, z in samples[1:]]
    header = "well_id,corrected_mni_x,corrected_mni_y,corrected_mni_z"
    (tmp_path / "corrected.csv").write_text("\n".join([header, *lines]))
    ingest([tmp_path / "corrected.csv"], database)
    with Atlas(database) as atlas:
        yield atlas


def test_the_space_of_the_samples(corrected: Atlas, values: list[dict], tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    rows = [(row["mni_x"], row["mni_y"], row["mni_z"], row["NTRK2"]) for row in values]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("x", "y", "z", "value"), *rows])
    by_allen = corrected.map(path, space="allen", radius=0.01)
    assert (by_allen.provenance.map.samples, by_allen.provenance.map.space) == (90, "allen")
    with pytest.raises(TooFewSamplesError, match="samples have a value"):
        corrected.map(path, radius=0.01)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("x", "y", "z", "value"), *((x + 20, y, z, value) for x, y, z, value in rows)])
    use = corrected.map(path, radius=0.01).provenance.map
    assert (use.space, use.samples, use.matched) == ("corrected", 89, 89)
    of_samples = {row[0]: row[-1] for row in corrected.expression(["NTRK2"]).rows}
    with pytest.raises(OptionError, match="`space` applies to maps of coordinates"):
        corrected.map(of_samples, space="allen")


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        (
            {"FL": 1, "CbCx": 2, "Xyz": 3},
            {},
            MapError,
            rf"2 of its 3 structures have samples, .* {MIN_STRUCTURES}.*Xyz",
        ),
        ({"Xyz": 1, "Zyx": 2}, {}, MapError, r"0 of its 2 structures .* \(no structure of this database\)"),
        ({f"x{n}": n for n in range(5001)}, {}, MapError, "names 5,001 structures: expected at most 5,000"),
        ({1: 1, 2: 3}, {}, MapError, r"as many of its 2 ids are of structures as of samples .*\(0\)"),
        ({"FL": 1, "frontal lobe": 2}, {}, MapError, r"rows 1 \(FL\) and 2 \(frontal lobe\) are both about frontal"),
        ({"FL": 1, "CbCx": 2}, {"column": "value"}, OptionError, "`column` names a column of a file"),
        ({"FL": 1, "CbCx": 2}, {"radius": 0}, OptionError, "`radius` 0: expected a number of mm above 0"),
        ({"FL": 1, "CbCx": 2}, {"radius": np.nan}, OptionError, "`radius` nan"),
        ({"FL": 1, "CbCx": 2}, {"level": "exon"}, OptionError, "`level` 'exon'"),
        ({"FL": 1}, {"level": "probe", "probe_selection": "average"}, OptionError, "the rows are probes"),
        ({"FL": 1}, {"rank_overall": False}, OptionError, "`rank_overall` applies to categories"),
        ({"FL": 1, "CbCx": 2}, {"sample_filter": "Xyz"}, NotFoundError, "no structure is named 'Xyz'"),
    ],
)
def test_what_is_refused(atlas: Atlas, given: dict, options: dict, error: type[CoexprError], message: str) -> None:
    with pytest.raises(error, match=message):
        atlas.map(given, **options)


def test_a_map_that_is_constant_where_it_counts(atlas: Atlas, values: list[dict]) -> None:
    by_structure = {row["structure_id"]: float(row["structure_id"] % 97) for row in values}
    numbers = {row["sample_id"]: by_structure[row["structure_id"]] for row in values}
    with pytest.raises(MapError, match="one value within each group of samples that `adjust` structure compares"):
        atlas.map(numbers, method=CorrelationMethod(adjust="structure"))
    cortex = find_samples(atlas._connection, SampleFilter(["Cx"]))[0].structure_ids.tolist()
    numbers = {row["sample_id"]: float(row["structure_id"] in cortex) for row in values}
    assert len(atlas.map(numbers)) == 20
    with pytest.raises(MapError, match="its value is 1 in all"):
        atlas.map(numbers, sample_filter="Cx")
    few = {row["sample_id"]: row["NTRK2"] for row in {row["structure_id"]: row for row in values}.values()}
    with pytest.raises(TooFewSamplesError, match=r"no degree of freedom in the \d+ samples that have a value"):
        atlas.map(few, method=CorrelationMethod(adjust="donor+structure"))
    with pytest.raises(TooFewSamplesError, match="9 samples have a value"):
        atlas.map(dict(list(few.items())[:9]))


def test_the_question_of_a_map_in_a_file(atlas: Atlas, values: list[dict], tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text(
        "\n".join(["sample_id,a,b", *(f"{row['sample_id']},{row['NTRK2']},{row['BDNF']}" for row in values)])
    )
    found = atlas.map(path, column="b", top=3)
    assert found.provenance.question.method == "map"
    assert found.provenance.question.arguments == {"map": str(path), "column": "b", "top": 3}
    assert found.provenance.map.name == "map.csv"
    assert found.column("gene_symbol")[0] == "BDNF"


def test_real_samples_and_real_coordinates(gabra4: Path, shared_data: Path, tmp_path: Path) -> None:
    database = Path(shutil.copy(gabra4, tmp_path / "atlas.duckdb"))
    found = tmp_path / "y.csv"
    found.write_text("x,y,z,value\n1,2,3,4\n5,-6,7,8\n")
    with Atlas(database) as atlas, pytest.raises(NotFoundError, match=r"no sample .* has MNI coordinates"):
        atlas.map(found)
    ingest([shared_data / "probes" / "corrected_mni_coordinates.csv.gz"], database)
    # y as a map of y: each of the 3,702 points is a sample's, and some samples share their place.
    with Atlas(database) as atlas:
        rows = atlas.sql("select mni_x, mni_y, mni_z from corrected_coordinates").fetchall()
        found.write_text("\n".join(["x,y,z,value", *(f"{x!r},{y!r},{z!r},{y!r}" for x, y, z in rows)]))
        result = atlas.map(found, radius=1e-6, level="probe", top=None)
        use = result.provenance.map
        assert use.matched == use.rows == len(set(rows))
        r = dict(zip(result.column("probe_name"), result.column("r"), strict=True))
        log2 = atlas.expression("A_23_P56883")
        y = dict(atlas.sql("select sample_id, mni_y from corrected_coordinates").fetchall())
        known = np.array([y[sample] for sample in log2.column("sample_id")])
        if use.samples == len(known):
            expected = np.corrcoef(log2.column("A_23_P56883"), known)[0, 1]
            assert r["A_23_P56883"] == pytest.approx(expected, abs=1e-6)
        assert use.samples == len(set(rows))
