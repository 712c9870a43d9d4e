"""The folders of the repository and of the tests."""

from pathlib import Path

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "coexpr"
DATA = TOP / "tests" / "data"
REFERENCE = DATA / "reference"
CASES = DATA / "cases"
