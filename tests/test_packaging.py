"""What must agree between pyproject.toml, the checkout and the installed package."""

import tomllib
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

from helpers.folders import TOP

import coexpr
from coexpr.resources import package_folder

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())


def test_the_installed_version_is_that_of_the_code() -> None:
    assert metadata.version("coexpr") == coexpr.__version__, "run: pip install -e ."


def test_every_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    of_extras = [dependency for extra in extras.keys() - {"all", "dev"} for dependency in extras[extra]]
    for dependency in [*PROJECT["project"]["dependencies"], *of_extras]:
        name, separator, bound = dependency.partition(">=")
        assert name.replace("-", "_").isidentifier()
        assert separator
        assert bound.replace(".", "").isdecimal()


def test_the_citation_is_of_this_version() -> None:
    citation = (TOP / "CITATION.cff").read_text()
    assert f"\nversion: {coexpr.__version__}\n" in citation
    assert f"\nlicense: {PROJECT['project']['license']}\n" in citation


def test_all_has_every_extra() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    of_users = extras.keys() - {"all", "dev", "docs"}
    assert set(everything.removeprefix("coexpr[").removesuffix("]").split(",")) == of_users


def test_folders_of_the_package_are_found_and_contain_only_what_belongs_there() -> None:
    assert {file.name for file in package_folder("sql").iterdir() if not file.name.endswith(".sql")} == {"schema"}
    assert {Path(file.name).suffix for file in (package_folder("sql") / "schema").iterdir()} == {".sql"}
    assert {Path(file.name).suffix for file in package_folder("migrations").iterdir()} == {".sql"}
    assert (package_folder("data") / "README.md").is_file()


def test_the_shipped_tables_stay_small() -> None:
    shipped = sum(path.stat().st_size for path in (TOP / "coexpr" / "data").iterdir())
    assert shipped < 4_000_000


def test_the_top_of_the_checkout_stays_as_it_is() -> None:
    expected = {"coexpr", "sql", "migrations", "tests", "docs", ".ci", "pyproject.toml", ".gitignore"}
    expected |= {"README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"}
    ignored = [".git", *(line.rstrip("/") for line in (TOP / ".gitignore").read_text().split())]
    found = {path.name for path in TOP.iterdir()}
    assert {name for name in found if not any(fnmatch(name, pattern) for pattern in ignored)} == expected
