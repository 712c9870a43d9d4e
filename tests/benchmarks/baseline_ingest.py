"""Baseline of ingest: unzip and parse every number of the downloads, and discard it."""

import sys
import zipfile

import numpy as np
import pandas as pd

for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as archive:
        for name in ("MicroarrayExpression.csv", "PACall.csv"):
            with archive.open(name) as stream:
                for _ in pd.read_csv(stream, header=None, dtype=np.float32, chunksize=4096):
                    pass
