"""Compare the statistics with 60 digits, or a query under several matrix libraries: see `python -m numerics --help`."""

import argparse
import warnings

import numpy as np
from helpers.trials import recorded
from numerics.checks import OF_SINGLE, TOLERANCE, comparisons, differs
from numerics.determinism import compare_kernels

# Averages are compared relative to the largest value, whatever their own size.
_NEAR = (f"within {TOLERANCE:g}, of numbers above 1 relative to them", f"within {OF_SINGLE:g}, in single precision")


def compare_with_digits(examples: int, seed: int) -> None:
    tried = f"Statistics of random profiles compared with 60 digits, in {examples:,} examples"
    with recorded("numbers", "numbers", tried) as trial, warnings.catch_warnings(action="error"):
        for example in range(seed, seed + examples):
            for name, found, right, tolerance in comparisons(np.random.default_rng(example)):
                if differs(found, right, tolerance):
                    trial.fail(f"example {example}: {name} is {found!r}, not {right!r}")
                else:
                    trial.count("missing, as it must be" if np.isnan(right) else _NEAR[tolerance == OF_SINGLE])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m numerics", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["digits", "determinism"], default="digits")
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", action="append", default=[], help="another interpreter that has coexpr's packages")
    parser.add_argument(
        "--blas", nargs="+", default=[], metavar=("PYTHON", "FOLDER"),
        help="an interpreter whose numpy is linked to libblas.so.3, and folders with libraries of that name",
    )  # fmt: skip
    given = parser.parse_args()
    if given.what == "digits":
        compare_with_digits(given.examples, given.seed)
    else:
        compare_kernels(given.python, given.blas)


if __name__ == "__main__":
    main()
