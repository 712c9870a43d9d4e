"""The checkpoint of a network on a disk that fills."""

import gc
from pathlib import Path

import numpy as np
import pytest
from helpers.disks import small_disk

from coexpr.errors import OutputError
from coexpr.network.checkpoint import Checkpoint


def test_a_full_disk_keeps_what_was_stored(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 200) as disk:
        with Checkpoint(disk / "n.csv.partial", {"top": 5}) as checkpoint:
            checkpoint.write("first", {"row": np.arange(1000)})
            with pytest.raises(OutputError) as raised:
                checkpoint.write("second", {"row": np.arange(100_000)})
        assert str(raised.value) == (
            f"{checkpoint.path} cannot be written: No space left on device. What is stored there is kept. Free some "
            "space, then the same command continues."
        )
        with Checkpoint(checkpoint.path, {"top": 5}) as again:
            stored = again.read("first")
            assert stored is not None
            assert stored["row"].tolist() == list(range(1000))
            assert not again.has("second")
            again.remove()
        assert not list(disk.iterdir())
    del raised
    gc.collect()  # an archive that was not closed is an error when it is deleted


def test_a_full_disk_before_anything_was_stored(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 12) as disk:
        (disk / "fill").write_bytes(bytes(4096))
        with pytest.raises(OutputError, match=r"n\.csv\.partial cannot be written: No space left on device\..*Free"):
            Checkpoint(disk / "n.csv.partial", {"rows": list(range(10_000))}).__enter__()


def test_a_run_that_was_killed_before_its_settings_were_stored_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "n.csv.partial"
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "run.tmp").write_text('{"to')
    with Checkpoint(folder, {"top": 5}) as checkpoint:
        assert {path.name for path in folder.iterdir()} == {"lock", "run.json"}
        checkpoint.remove()
    assert not folder.exists()
