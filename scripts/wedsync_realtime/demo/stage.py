"""What the demo prints, and whether all that was expected happened."""

from dataclasses import dataclass, field
from time import perf_counter

from rich.console import Console
from rich.markup import escape


@dataclass
class Stage:
    """Prints scenes, what goes on and expectations, and counts the latter.

    Where the output cannot show a tick or a cross, words stand for them.
    """

    console: Console
    met: int = 0
    unmet: int = 0
    begun_at: float = field(default_factory=perf_counter)

    def scene(self, title: str) -> None:
        """Begin a scene."""
        self.console.print(f"\n[bold]{escape(title)}[/bold]")

    def tell(self, line: str) -> None:
        """Print what goes on."""
        self.console.print(f"    [dim]{escape(line)}[/dim]")

    def expect(self, is_met: bool, text: str) -> None:
        """Print an expectation with a tick, or with a cross where it is not met."""
        if is_met:
            self.met += 1
            self.console.print(f"  [green]{self._tick}[/green] {escape(text)}")
        else:
            self.unmet += 1
            self.console.print(f"  [bold red]{self._cross} {escape(text)}[/bold red]")

    def curtain(self) -> None:
        """Sum up."""
        self.console.print()
        seconds = f"{perf_counter() - self.begun_at:.1f} s"
        if self.unmet:
            self.console.print(
                f"[bold red]{self._cross} {self.unmet} of {self.met + self.unmet} expectations"
                f" were not met[/bold red] ({seconds})"
            )
        else:
            self.console.print(
                f"[bold green]{self._tick} All {self.met} expectations were met[/bold green]"
                f" ({seconds})"
            )

    @property
    def _tick(self) -> str:
        return "ok" if self.console.options.ascii_only else "✓"

    @property
    def _cross(self) -> str:
        return "NOT MET:" if self.console.options.ascii_only else "✗"
