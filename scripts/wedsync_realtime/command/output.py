"""Print results: rich for people, JSON for programs, which wait for no import of rich."""

import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from wedsync_realtime.errors import RunnerError

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console(*, stderr: bool = False) -> "Console":
    """Return what prints on stdout or stderr."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)


@dataclass(frozen=True)
class Printer:
    """The way results are printed."""

    as_json: bool

    def note(self, line: str) -> None:
        """Print a line about progress, on stderr."""
        console(stderr=True).print(line, style="dim", markup=False)

    def line(self, line: str) -> None:
        """Print a line for people; programs don't get it."""
        if not self.as_json:
            console().print(line, markup=False)

    def data(self, data: dict[str, Any]) -> None:
        """Print an object for programs; people don't get it."""
        if self.as_json:
            self.text(json.dumps(data, default=str))

    def text(self, text: str) -> None:
        """Print a text as it is; end the process where nobody reads it any more."""
        try:
            print(text, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    def error(self, error: RunnerError) -> None:
        """Print what stopped the command, and the fix."""
        if self.as_json:
            name = type(error).__name__
            self.data({"error": name, "message": error.message, "fix": error.fix})
            return
        from rich.markup import escape

        console(stderr=True).print(f"[bold red]error:[/bold red] {escape(error.message)}")
        console(stderr=True).print(f"[bold]fix:[/bold] {escape(error.fix)}")


def confirm(question: str) -> bool:
    """Ask a yes-no question on the terminal; without a terminal, or an answer, it is no."""
    if not sys.stdin.isatty():
        return False
    # stdout is for results
    console(stderr=True).print(f"{question} [y/N] ", end="", markup=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
