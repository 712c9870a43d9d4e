"""Groups of options: how commands compose them, and how --help lists them.

A group is a dataclass whose fields are options. A command that takes a parameter of such a class has all its options,
and receives one object.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from coexpr.cli.messages import set_verbosity

# The order of headings in --help; options without a heading come last.
PROBES = "Selection of probes"
SAMPLES = "Samples"
GENES = "Genes"
METHOD = "Method"
ROWS = "Rows"
STATISTICS = "Statistics"
OUTPUT = "Output"
FIGURE = "Figure"
_OTHERS = "Other options"
_HEADINGS = (PROBES, SAMPLES, GENES, METHOD, ROWS, STATISTICS, OUTPUT, FIGURE, _OTHERS)


def option(heading: str | None, names: str, help_text: str, metavar: str | None = None, **settings: Any) -> Any:
    """Return an option that --help lists under a heading, without a default.

    Parameters
    ----------
    heading : str, optional
    names : str
        Names separated by spaces: "--output -o".
    help_text : str
    metavar : str, optional
    **settings
        Further arguments of `typer.Option`.
    """
    settings = {"show_default": False, "rich_help_panel": heading, "metavar": metavar, **settings}
    return typer.Option(*names.split(), help=help_text, **settings)


@dataclass(eq=False, repr=False)
class _Verbosity:
    """How much is printed besides the result."""

    quiet: Annotated[bool, option(None, "--quiet -q", "Print only the result and errors.")] = False
    verbose: Annotated[bool, option(None, "--verbose -v", "Print the time and memory used, and other details.")] = False


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options of its groups in place of its parameters of these classes.

    Every command also has --quiet and --verbose.
    """
    own = inspect.signature(command, eval_str=True).parameters
    groups: dict[str, Any] = {
        name: parameter.annotation for name, parameter in own.items() if is_dataclass(parameter.annotation)
    }
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        if name in groups:
            parameters += _options_of(groups[name])
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    parameters += _options_of(_Verbosity)

    @functools.wraps(command)
    def run(**given: Any) -> None:
        set_verbosity(quiet=given.pop("quiet"), verbose=given.pop("verbose"))
        built = {
            name: group(**{option.name: given.pop(option.name) for option in fields(group)})
            for name, group in groups.items()
        }
        command(**given, **built)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _options_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            option.name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=hints[option.name]
        )
        for option in fields(group)
    ]


class GroupedCommand(TyperCommand):
    """A command whose --help lists options under headings."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command.

        For completion, values are not converted: typer would import pydantic, which takes longer than all the rest.
        """
        if not ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        parser = self.make_parser(ctx)
        given, rest, _ = parser.parse_args(args=args)
        for parameter in self.get_params(ctx):
            value, source = parameter.consume_value(ctx, given)
            ctx.set_parameter_source(parameter.name, source)
            ctx.params[parameter.name] = value
        ctx._opt_prefixes.update(parser._opt_prefixes)
        ctx.args = rest
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line. Versions of typer differ in the brackets that they add to a metavar."""
        pieces = ["[OPTIONS]"]
        for parameter in self.get_params(ctx):
            if parameter.param_type_name == "argument":
                name = str(parameter.metavar or str(parameter.name).upper())
                pieces.append(name if parameter.required or name.startswith("[") else f"[{name}]")
        return pieces

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options by group."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        sections |= {
            heading: [] for heading in (PROBES, SAMPLES, GENES, METHOD, ROWS, STATISTICS, OUTPUT, FIGURE, _OTHERS)
        }
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_option = parameter.param_type_name == "option"
                heading = (getattr(parameter, "rich_help_panel", None) or _OTHERS) if is_option else "Arguments"
                sections[heading].append(record)
        used = {heading: records for heading, records in sections.items() if records}
        if list(used)[-1:] == [_OTHERS] and not used.keys() - {"Arguments", _OTHERS}:
            used["Options"] = used.pop(_OTHERS)
        for heading, records in used.items():
            with formatter.section(heading):
                formatter.write_dl(records)
