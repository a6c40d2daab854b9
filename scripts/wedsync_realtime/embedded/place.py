"""Where the embedded cluster of a checkout keeps its files."""

import hashlib
import json
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wedsync_realtime.embedded.account import Account, server_account
from wedsync_realtime.errors import ClusterError
from wedsync_realtime.source.scripts import default_root

OUTSIDE = Path("/var/lib/wedsync-realtime")  # for root, where the checkout is closed to others
_SOCKET = "/.s.PGSQL.65535.lock"


@dataclass(frozen=True)
class Place:
    """Files of the cluster: home holds our records, base what the server must reach as well."""

    home: Path
    base: Path

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.base / "data"

    @property
    def unfinished(self) -> Path:
        """The data directory until it is complete."""
        return self.base / "data.new"

    @property
    def run(self) -> Path:
        """The folder of the server's socket, closed to other users."""
        return self.base / "run"

    @property
    def settings(self) -> Path:
        """The server's configuration, written anew at every start."""
        return self.base / "postgresql.conf"

    @property
    def password_file(self) -> Path:
        """The password for TCP connections, in libpq's format."""
        return self.home / "pgpass"

    @property
    def maintenance_log(self) -> Path:
        """What the process says that runs the periodic jobs."""
        return self.home / "maintain.log"

    @property
    def record(self) -> Path:
        """What has to be remembered: where base is, and the port."""
        return self.home / "cluster.json"

    @property
    def exists(self) -> bool:
        """Tell whether there is a cluster, be it one that only another user may enter."""
        try:
            return (self.data / "PG_VERSION").exists()
        except PermissionError:
            return True

    def port(self) -> int | None:
        """Return the port of the last start."""
        port = _read_record(self.home).get("port")
        return port if isinstance(port, int) else None

    def remember(self, port: int) -> None:
        """Write the record."""
        record = {"home": str(self.home), "base": str(self.base), "port": port}
        self.record.write_text(json.dumps(record, indent=4) + "\n")


def default_home() -> Path:
    """Return where the cluster's files go.

    That is $WEDSYNC_REALTIME_HOME, or .local in the checkout; for an installed wheel a folder in
    the user's home.
    """
    if chosen := os.environ.get("WEDSYNC_REALTIME_HOME"):
        return Path(chosen).resolve()
    root = default_root()
    if (root / "pyproject.toml").exists():
        return root / ".local"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "wedsync-realtime"


def programs() -> Path:
    """Return the folder for programs beside the system's; the server's account can pass it."""
    home = default_home()
    account = server_account()
    outside = account.is_other and home.exists() and not account.can_pass(home)
    return OUTSIDE if outside else home


def make_programs() -> Path:
    """Create that folder, and return it.

    Raises ClusterError.
    """
    make_home(default_home())
    folder = programs()
    if folder == OUTSIDE:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    return folder


def longest_socket_folder() -> int:
    """Return how many bytes of a path leave room for the server's socket (sockaddr_un.sun_path)."""
    return {"Linux": 108, "Darwin": 104}.get(platform.system(), 104) - len("\0") - len(_SOCKET)


def find(home: Path) -> Place | None:
    """Return the place of the cluster that was created for a home."""
    record = _read_record(home)
    inside = Place(home, home)
    if inside.exists:
        return inside
    # A copied checkout brings the record along, but must not share the cluster.
    if record.get("home") == str(home) and "base" in record:
        outside = Place(home, Path(str(record["base"])))
        return outside if outside.exists else None
    return None


def prepare(home: Path, account: Account) -> Place:
    """Create the directories for a new cluster and return their place.

    Raises ClusterError.
    """
    make_home(home)
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    place = Place(home, home)
    is_long = len(os.fsencode(place.run)) > longest_socket_folder()
    if account.is_other and (is_long or not account.can_pass(home)):
        place = Place(home, OUTSIDE / name)
        for folder in (OUTSIDE, place.base):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
    elif is_long:
        raise ClusterError(
            f"{home} is too long a path for the server's socket.",
            "Set WEDSYNC_REALTIME_HOME to a shorter folder of your own, "
            f"for example {Path.home() / '.wedsync'}.",
        )
    return place


def make_home(home: Path) -> None:
    """Create home; the server's account has to be able to pass it.

    Raises ClusterError.
    """
    try:
        with suppress(FileExistsError):  # another may make it at the same moment
            home.mkdir(parents=True)
            home.chmod(0o755)
        (home / "lock").touch()
    except OSError as error:
        raise ClusterError(
            f"{home} cannot be written: {error.strerror}.",
            f"Run as the user who owns {home.parent}, or set WEDSYNC_REALTIME_HOME to a folder "
            "of your own.",
        ) from None


def _read_record(home: Path) -> dict[str, object]:
    try:
        record = json.loads((home / "cluster.json").read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
