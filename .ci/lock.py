"""The versions that continuous integration installs: .ci/lock.txt, with the SHA-256 of each archive.

    python .ci/lock.py            writes the newest versions that the extra dev and its dependencies allow
    python .ci/lock.py --check    compares the archives that would be installed now
    python .ci/lock.py --pins     prints the versions alone, as constraints for pip

A test of pyproject.toml with the newest versions is a run without constraints.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[1]
LOCK = TOP / ".ci" / "lock.txt"
HEAD = "# Written by .ci/lock.py for {platform}. Other platforms use the versions without the checksums.\n"


class Locked(NamedTuple):
    """A package: its name, version, and the checksum of its archive if it is from an index."""

    name: str
    version: str
    sha256: str | None


def this_platform() -> str:
    return f"{platform.system()} {platform.machine()}, {platform.python_implementation()} {platform.python_version()}"


def resolve(*requirements: str) -> list[Locked]:
    """Ask pip what it would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--report", str(report), *requirements], check=True, cwd=TOP)
        installs = json.loads(report.read_text())["install"]
    found = []
    for install in installs:
        metadata, download = install["metadata"], install["download_info"]
        if metadata["name"] != "coexpr":
            is_local = download["url"].startswith("file:")
            sha256 = None if is_local else download["archive_info"]["hashes"]["sha256"]
            found.append(Locked(metadata["name"].lower().replace("_", "-"), metadata["version"], sha256))
    return sorted(found)


def read() -> list[Locked]:
    locked = []
    for line in LOCK.read_text().splitlines()[1:]:
        pin, _, sha256 = line.partition(" --hash=sha256:")
        name, version = pin.split("==")
        locked.append(Locked(name, version, sha256 or None))
    return locked


def write() -> None:
    lines = [
        f"{name}=={version}{f' --hash=sha256:{sha256}' if sha256 else ''}\n"
        for name, version, sha256 in resolve("-e", ".[dev]")
    ]
    LOCK.write_text(HEAD.format(platform=this_platform()) + "".join(lines))


def check() -> None:
    """Exit with a message if an archive is not the one that was locked."""
    if not LOCK.read_text().startswith(HEAD.format(platform=this_platform())):
        print("another platform: checksums are not compared")
        return
    locked = read()
    now = {one.name: one for one in resolve("--no-deps", *(f"{one.name}=={one.version}" for one in locked))}
    differing = [one.name for one in locked if one.sha256 and now[one.name].sha256 not in (one.sha256, None)]
    if differing:
        raise SystemExit(f"other archives than those of .ci/lock.txt: {', '.join(differing)}")
    compared = sum(bool(one.sha256 and now[one.name].sha256) for one in locked)
    print(f"{compared} of {len(locked)} archives have the locked checksums; the others are local files")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--pins", action="store_true")
    options = parser.parse_args()
    if options.pins:
        print("\n".join(f"{one.name}=={one.version}" for one in read()))
    elif options.check:
        check()
    else:
        write()
