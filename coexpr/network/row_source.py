"""Where other processes read the rows of a network: in a file that they map, so that no matrix is sent to them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coexpr.database.array_file import load_arrays, save_arrays
from coexpr.database.matrix import MatrixRows
from coexpr.database.matrix_cache import load
from coexpr.database.samples import Samples
from coexpr.errors import DatabaseError
from coexpr.stats.correlate import Rows


@dataclass(frozen=True, eq=False)
class MatrixSource:
    """Rows of the cached matrix of a database.

    Parameters
    ----------
    path : path
        The cache, by a path that is the same for every process.
    key : str
        The key of the cache, which identifies the database that it was made from.
    probe_ids : (P,) int32
        The probes of the rows.
    samples, all_samples : Samples
        The columns, and those of the matrix.
    """

    path: Path
    key: str
    probe_ids: NDArray[np.int32]
    samples: Samples
    all_samples: Samples

    def open(self) -> Rows:
        """Map the file, and return the rows, which are read when they are indexed.

        Raises
        ------
        DatabaseError
            If the file is missing, damaged, or of another database.
        """
        matrix = load(self.path, self.key)
        if matrix is None:
            raise _unusable(self.path)
        rows = np.searchsorted(matrix.probe_ids, self.probe_ids)
        return MatrixRows(matrix, rows, self.samples, self.all_samples)


@dataclass(frozen=True)
class FileSource:
    """Rows that are in no cache, such as averages of probes, in a file of their own.

    Parameters
    ----------
    path : path
    key : str
    """

    path: Path
    key: str

    @classmethod
    def write(cls, path: Path, key: str, values: NDArray[np.floating]) -> "FileSource":
        """Write rows (P, S) to a file."""
        save_arrays(path, key, {"values": values})
        return cls(path, key)

    def open(self) -> Rows:
        """Map the file, and return the rows; see `MatrixSource.open`."""
        stored = load_arrays(self.path, self.key, _Stored)
        if stored is None:
            raise _unusable(self.path)
        return stored.values


@dataclass(frozen=True, eq=False)
class _Stored:
    values: NDArray[np.floating]


RowSource = MatrixSource | FileSource


def _unusable(path: Path) -> DatabaseError:
    if not path.is_file():
        return DatabaseError(
            f"there is no {path}. Every worker reads the rows from this file: put it there, under the same path as "
            "here, or start workers only where it is."
        )
    return DatabaseError(
        f"{path} is damaged, or was made from another database or another version of it. Copy the file from the "
        "computer on which the network is started."
    )
