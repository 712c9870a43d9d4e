"""Interactive shells in a pseudo-terminal, with the completion of coexpr."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pexpect

# Prints the arguments that a command line has after the shell has parsed it.
_SHOW = "import sys; print('ARGUMENTS', *(f'<{word}>' for word in sys.argv[1:]), 'END')"
_START = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "--interactive"],
}
_CONTROL_A = "\x01"
_SECONDS = 20


class Session:
    """A shell in a terminal of 200 columns.

    Parameters
    ----------
    shell : str
    folder : path
        Its home and working folder.
    environment : mapping of str to str
    """

    def __init__(self, shell: str, folder: Path, environment: Mapping[str, str]) -> None:
        program = shutil.which(shell)
        assert program is not None
        show = folder / "show"
        show.write_text(f"#!{sys.executable}\n{_SHOW}\n")
        show.chmod(0o755)
        path = f"{folder}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        settings = {
            "HOME": str(folder),
            "PATH": path,
            "TERM": "dumb" if shell != "fish" else "xterm",
            "LANG": "C.UTF-8",
            "INPUTRC": "/dev/null",
        }
        self._shell = shell
        self._process = pexpect.spawn(
            program, _START[shell], env={**settings, **environment}, cwd=folder, dimensions=(60, 200), timeout=_SECONDS
        )
        setup = {
            "bash": "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; PS1='> '; "
            'eval "$(coexpr completion bash)"',
            "zsh": "unsetopt zle_bracketed_paste 2>/dev/null; PROMPT='> '; autoload -Uz compinit; compinit -u; "
            'eval "$(coexpr completion zsh)"',
            "fish": "coexpr completion fish | source",
        }[shell]
        self.run(setup)

    def run(self, line: str) -> None:
        """Run a command line, and wait for it."""
        self._process.sendline(f"{line}; echo RE''ADY")
        self._process.expect_exact("READY")

    def complete(self, line: str) -> list[str]:
        """Type a line and a tab; return the words that the shell then reads, of which the first is coexpr."""
        self._process.send(f"{line}\t")
        self._process.send(f"{_CONTROL_A}show ")
        self._process.send("\r")
        self._process.expect(r"ARGUMENTS (.*?) END")
        found = self._process.match.group(1).decode()
        return found.removeprefix("<").removesuffix(">").split("> <")

    def close(self) -> None:
        self._process.close(force=True)
