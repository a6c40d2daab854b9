"""The operating-system account that server processes run as."""

import os
import pwd
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wedsync_realtime.errors import NoServerError

SERVER_USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account; it differs from ours only where we are root, as whom the server won't run."""

    uid: int
    gid: int
    is_other: bool

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, and return its exit code and merged output."""
        return subprocess.run(
            [str(part) for part in command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            umask=0o077,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )

    def own_directory(self, path: Path) -> None:
        """Create a directory that only this account may enter, in a folder that all may pass."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def can_pass(self, path: Path) -> bool:
        """Tell whether this account can reach what lies in a directory."""
        # /bin/sh and not test, which PATH may name in a folder that is closed to this account
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", path).returncode == 0


def server_account(data: Path | None = None) -> Account:
    """Return the account for server processes: this one, but for root.

    data: of the cluster; where it is there, root gives way to its owner, because Debian's packages
    may have brought the user postgres since nobody created it.
    Raises NoServerError when we are root and there is no other account for it.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    if data is not None and data.exists():
        owner = data.stat()
        return Account(owner.st_uid, owner.st_gid, is_other=True)
    for name in SERVER_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, is_other=True)
    raise NoServerError(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(SERVER_USERS)}.",
        f"Create a user named {SERVER_USERS[0]}, or run the command as a normal user.",
    )
