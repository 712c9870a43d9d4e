"""Run the command line in the process of the test."""

from typer.testing import CliRunner, Result

from coexpr.cli import app


def run(*arguments: object, code: int = 0) -> Result:
    """Run a command, and check its exit code."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done


def invoke(*arguments: object, stdin: str | None = None, **environment: str) -> Result:
    """Run a command, whatever its exit code."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, env=environment)
