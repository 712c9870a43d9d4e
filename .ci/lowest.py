"""Print the dependencies of pyproject.toml, each pinned to its lower bound."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
for dependency in project["dependencies"]:
    name, bound = dependency.split(">=")
    print(f"{name}=={bound}")
