"""Write or check .ci/sbom.json: what `pip install coexpr` installs, as CycloneDX.

cyclonedx-py environment --output-reproducible --of JSON -o new.json PYTHON
python .ci/sbom.py new.json            exits with 1 if it lists other versions
python .ci/sbom.py new.json --write    replaces the list
"""

import json
import sys
from pathlib import Path

LIST = Path(__file__).with_name("sbom.json")
# What an environment has before anything is installed.
TOOLS = ("pip", "setuptools")


def components(file: Path) -> set[tuple[str, str]]:
    """Return name and version of each package."""
    listed = json.loads(file.read_text())["components"]
    return {(part["name"].lower(), part["version"]) for part in listed if part["name"] not in TOOLS}


def write(file: Path) -> None:
    """Replace the list, without addresses: those of the archives are of this machine."""
    sbom = json.loads(file.read_text())
    for part in [sbom["metadata"].get("component", {}), *sbom["metadata"]["tools"]["components"], *sbom["components"]]:
        part.pop("externalReferences", None)
    LIST.write_text(json.dumps(sbom, indent=1) + "\n")


if __name__ == "__main__":
    new = Path(sys.argv[1])
    if "--write" in sys.argv:
        write(new)
    elif differing := sorted(components(new) ^ components(LIST)):
        raise SystemExit(f"{LIST.name} is not what is installed: {differing}")
    else:
        print(f"{len(components(new))} packages, as in {LIST.name}")
