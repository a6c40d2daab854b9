"""What the documentation shows of the relay works: the cluster's configuration, the unit."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.brokers import PROGRAM, printed_configuration
from tests.support.documents import page
from wedsync_realtime.relay.main import options_parser


def block(language: str) -> str:
    """Return the one block of a language in the relay's chapter."""
    chapter = page("docs/deploy.md").split("\n## The relay\n")[1].split("\n## ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", chapter, re.DOTALL)
    return str(found)


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


def certificate(folder: Path) -> None:
    """Write a certificate that is its own authority, as the configuration names it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nats-1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    for file in ("server.pem", "ca.pem"):
        (folder / file).write_bytes(pem)
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
