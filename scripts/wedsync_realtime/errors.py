"""Facts that stop a command, each with the way out."""

from wedsync_realtime.started import as_started, install_command, is_checkout


class RunnerError(Exception):
    """Stop the command.

    message: what is the case, naming the file and line or the setting.
    fix: what to do about it; commands named as `make …` are told as they were started.
    """

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = as_started(fix)


class MissingSourceError(RunnerError):
    """The folders migrations/, functions/ and policies/ are not where they were looked for."""


class MisnamedScriptError(RunnerError):
    """A file does not follow the naming rules of its folder."""


class UndeployableScriptError(RunnerError):
    """A file holds what cannot run inside a deployment."""


class EditedMigrationError(RunnerError):
    """A migration that has landed was edited."""


class MissingMigrationError(RunnerError):
    """A migration that has landed is gone from the folder."""


class ScriptError(RunnerError):
    """The server refused a statement of a script."""

    def __init__(self, message: str, fix: str, sqlstate: str | None) -> None:
        super().__init__(message, fix)
        self.sqlstate = sqlstate


class MissingPrivilegeError(RunnerError):
    """The role lacks a privilege without which nothing can be deployed."""


class BusyTableError(RunnerError):
    """Tables were in use for so long that they could not be attached, or old functions dropped."""


class OverloadError(RunnerError):
    """A function has more than one signature."""


class RemovedScriptError(RunnerError):
    """A file was deleted and what it set up cannot be undone without a migration."""


class BrokenBundleError(RunnerError):
    """The bundles written before are not all there, or were edited."""


class BadDatabaseUrlError(RunnerError):
    """DATABASE_URL is not the address of a PostgreSQL database."""


class UnreachableDatabaseError(RunnerError):
    """No connection to the database."""


class LostConnectionError(RunnerError):
    """The connection broke during the command."""


class UnsupportedServerError(RunnerError):
    """The server is too old, or not one that can be written to."""


class NotDeployedError(RunnerError):
    """The package is not in this database."""


class OlderPackageError(RunnerError):
    """The database was deployed by a newer version of the package."""


class UnknownObjectsError(RunnerError):
    """The database has objects of the package, but no record of who deployed them."""


class AlreadyDeployedError(RunnerError):
    """The database has a record of its deployments already."""


class NotRecordedError(RunnerError):
    """The database has no record of what its objects were like when they were deployed."""


class IrreversibleMigrationError(RunnerError):
    """A migration cannot be undone by itself."""


class UnknownVersionError(RunnerError):
    """Neither a migration nor a version that this database has had."""


class DependentObjectsError(RunnerError):
    """Objects that are not the package's depend on it, or stand in its schema."""


class NoServerError(RunnerError):
    """No usable PostgreSQL server on this machine."""


class ClusterError(RunnerError):
    """The embedded cluster cannot be created, started or reached."""


class NotMonitorError(RunnerError):
    """The database user may not become the monitor role."""


class PortError(RunnerError):
    """The port cannot be listened on."""


class MissingToolError(RunnerError):
    """A library that a tool needs beside the runner is not installed."""

    def __init__(
        self, name: str, library: str | None, extra: str = "tools", target: str = ""
    ) -> None:
        super().__init__(
            f"wedsync-realtime {name} needs {library}, which is not installed.",
            f"Run `{f'make {target or name}' if is_checkout() else install_command(extra)}`.",
        )


class NoNodeError(RunnerError):
    """There is no npm, or it brings nothing."""


class BadSecretError(RunnerError):
    """A key or secret in the environment is missing, or not what it must be."""


class BrokerError(RunnerError):
    """The NATS server cannot be started, reached or used."""


class NotRelayError(RunnerError):
    """The database user may not do what a relay does."""


class NoTerminalError(RunnerError):
    """There is no terminal to show anything in."""


class UsageError(RunnerError):
    """The command was called in a way that it does not know."""


class NotConfirmedError(RunnerError):
    """Data would be deleted and nobody confirmed it."""


class InterruptedCommandError(RunnerError):
    """Somebody pressed Ctrl-C."""

    def __init__(self) -> None:
        super().__init__("Interrupted: what was not committed is undone.", "Run it again.")


class NoScratchError(RunnerError):
    """There is no empty database to deploy into for a comparison."""
