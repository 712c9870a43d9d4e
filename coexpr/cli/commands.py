"""The commands, each imported and built when it is first needed: building all takes longer than most queries."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer

_CORRELATES = ("rank", "rank_overall", "gene_symbol", "probe_name", "r", "n")
_OVER_DONORS = (
    "random_r",
    "cochran_q",
    "I2",
    "tau2",
    "same_sign",
    "lowest_without_one",
    "donor_mean_r",
    "ci95_low",
    "p",
    "q",
)
_PROBES = ("mean_log2", "variance_log2", "present_fraction", "diff_stability", "rnaseq_r", "rnaseq_q")
# The commands in the order of --help, each with the columns that the end of its help explains. `two words` is the
# function `two_words` in the module of that name.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "fetch": (),
    "ingest": (),
    "query": (*_CORRELATES, *_OVER_DONORS),
    "map": _CORRELATES,
    "enrich": ("mean_r", "p_spatial", "q_spatial", "percentile", "t_camera", "p_camera"),
    "probes": (*_PROBES, "mean_r", "lowest_r", "lowest_r_with", "selected_by"),
    "why": (),
    "genes": ("status", "gene_symbol", "matched_by", "current_symbol", "explanation"),
    "pair": ("by", "rule", "r", "n", "resolution", "donors"),
    "curve": ("choice", "range_of_mean_r", "same_sign_share"),
    "expression": ("expression", "sample_id", "donor", "acronym"),
    "matrix": ("r",),
    "network": ("r", "rank"),
    "network merge": (),
    "structures": ("structure_id", "acronym", "hemisphere", "samples"),
    "serve": (),
    "update-genes": (),
    "info": (),
    "doctor": (),
    "verify": (),
    "backup": (),
    "restore": (),
    "replay": (),
    "bundle": (),
    "methods": (),
    "sql": (),
    "shell": (),
    "glossary": (),
    "demo": (),
    "completion": (),
    "categories": (),
}


class Commands(Mapping[str, Any]):
    """The commands by name, in the order of --help."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _build(name, _COLUMNS[name])
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COLUMNS)

    def __len__(self) -> int:
        return len(_COLUMNS)


def _build(name: str, columns: tuple[str, ...]) -> Any:
    """Import a command and let typer make its parameters."""
    word = name.replace("-", "_").replace(" ", "_")
    module = import_module(f"coexpr.cli.{word}")
    if (group := getattr(module, "app", None)) is not None:
        command = typer.main.get_command(group)
        command.name = name
        return command
    from coexpr.cli.glossary import explain
    from coexpr.cli.groups import GroupedCommand, with_groups

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    epilog = explain(*columns) if columns else None
    app.command(name, cls=GroupedCommand, epilog=epilog)(with_groups(getattr(module, word)))
    return typer.main.get_command(app)
