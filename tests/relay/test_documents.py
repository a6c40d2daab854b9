"""What the documentation shows of the relay works: the cluster's configuration, the unit."""

import re
import subprocess
from pathlib import Path

from tests.relay.documented import block, certificate
from tests.support.nats.brokers import PROGRAM, printed_configuration
from wedsync_realtime.relay.main import options_parser


def test_configuration_of_the_cluster_is_one(tmp_path: Path) -> None:
    certificate(tmp_path)
    shown = block("conf")
    for folder in ("/etc/nats", "/var/lib/nats"):
        assert folder in shown
        shown = shown.replace(folder, str(tmp_path))
    (tmp_path / "nats.conf").write_text(shown)
    (tmp_path / "wedsync.conf").write_text(printed_configuration(tmp_path))
    done = subprocess.run(
        [PROGRAM, "-t", "-c", tmp_path / "nats.conf"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stderr


def test_printed_configuration_holds_no_secret(tmp_path: Path) -> None:
    printed = printed_configuration(tmp_path)
    seed = (tmp_path / "relay.seed").read_text().strip()
    assert seed not in printed
    assert not re.search(r"\bS[AU][A-Z0-9]{50,}", printed)
    assert (tmp_path / "relay.seed").stat().st_mode & 0o077 == 0


def test_unit_starts_a_relay() -> None:
    (line,) = re.findall(r"^ExecStart=\S+/wedsync-realtime relay (.*)$", block("ini"), re.MULTILINE)
    assert options_parser().parse_args(line.split()).replicas == 3
