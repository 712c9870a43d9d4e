"""Print the dependencies and extras of pyproject.toml, each pinned to its lower bound."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
of_extras = [dependency for extra in extras if extra not in ("all", "dev", "docs") for dependency in extras[extra]]
for dependency in [*project["dependencies"], *of_extras]:
    name, bound = dependency.split(">=")
    print(f"{name}=={bound}")
