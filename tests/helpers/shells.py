"""The duckdb programs that tests run: the one of the environment, and those in COEXPR_TEST_SHELLS."""

import os
import shutil
import sys
from pathlib import Path

SHELLS = [
    str(shell)
    for shell in [Path(sys.executable).with_name("duckdb"), *os.environ.get("COEXPR_TEST_SHELLS", "").split(os.pathsep)]
    if shutil.which(shell)
]
