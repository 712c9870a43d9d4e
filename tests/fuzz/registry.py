"""The readers that are fuzzed, by name."""

from fuzz import downloads, lists
from fuzz.targets import Target

TARGETS: dict[str, Target] = {target.name: target for target in (*downloads.TARGETS, *lists.TARGETS)}
