"""What a deployment did."""

from dataclasses import dataclass, field

from psycopg.errors import Diagnostic

from wedsync_realtime import __version__


@dataclass
class Outcome:
    """What a deployment did: paths of the scripts applied and of those whose objects it dropped.

    refreshed: tables were attached, or owners, triggers or jobs changed something, though their
    files are the same. version: of the package that the database had before; None for none.
    """

    applied: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    refreshed: bool = False
    warnings: list[str] = field(default_factory=list)
    version: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Tell whether the database was left as it was."""
        return not (self.applied or self.dropped or self.refreshed) and not self.is_new_version

    @property
    def is_new_version(self) -> bool:
        """Tell whether the database has got another version."""
        return self.version != __version__

    def warn(self, notice: Diagnostic) -> None:
        """Keep a warning of the server, once."""
        text = notice.message_primary or ""
        if text not in self.warnings:
            self.warnings.append(text)
