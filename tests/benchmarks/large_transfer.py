"""Fetch a zip of 1 GB from a server that breaks off twenty times: python tests/benchmarks/large_transfer.py [BYTES]."""

import hashlib
import mmap
import os
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.http_server import ServedFile, cut, serving

from coexpr.fetching.fetch import fetch
from coexpr.fetching.transfer import Patience
from coexpr.progress import Messages

NAME = "normalized_microarray_donor9861.zip"
CUTS = 20
_BLOCK = 1 << 20


def write_zip(path: Path, size: int) -> None:
    """Write a zip with one file of random bytes, stored."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("random.bin", "w", force_zip64=True) as stream:
        for place in range(0, size, _BLOCK):
            stream.write(os.urandom(min(_BLOCK, size - place)))


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(size: int) -> None:
    """Fetch the file, and compare its SHA-256 with that of the served one."""
    with tempfile.TemporaryDirectory() as name, serving() as server:
        served = Path(name) / "served.zip"
        write_zip(served, size)
        with served.open("rb") as stream:
            body = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        server.files[NAME] = ServedFile(body)
        # Alternately closed and reset, as servers and networks end connections.
        server.faults[NAME] = [cut(len(body) // (CUTS + 1), reset=bool(number % 2)) for number in range(CUTS)]
        start = time.perf_counter()
        result = fetch(donors=["9861"], folder=Path(name) / "fetched", base_url=server.url,
                       patience=Patience(wait=0.01), progress=Messages(print))  # fmt: skip
        seconds = time.perf_counter() - start
        assert sha256_of(Path(name) / "fetched" / NAME) == sha256_of(served) == result.column("sha256")[0]
        print(f"{len(body):,} bytes in {len(server.ranges())} requests: {seconds:.1f} s. SHA-256 equal to that of the "
              f"served file: {sha256_of(served)}")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000_000)
