"""Small libraries in C that replace functions of the system in a process, by LD_PRELOAD."""

import shutil
import subprocess
import sys
from pathlib import Path


def can_preload() -> str | None:
    """Return why functions cannot be replaced here; None if they can."""
    if sys.platform != "linux":
        return "functions of the system are only replaced on Linux"
    return None if shutil.which("cc") else "there is no C compiler"


def build(source: Path, folder: Path) -> Path:
    """Compile a library into a folder."""
    library = folder / f"{source.stem}.so"
    command = ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread", "-o", library, source, "-ldl"]
    subprocess.run(command, check=True)
    return library
