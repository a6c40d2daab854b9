"""What docs/deploy.md shows of NATS, and a certificate for it."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.documents import page

LOOPBACK = ip_address("127.0.0.1")


def block(language: str) -> str:
    """Return the one block of a language in the relay's chapter."""
    chapter = page("docs/deploy.md").split("\n## The relay\n")[1].split("\n## ")[0]
    (found,) = re.findall(rf"```{language}\n(.*?)```", chapter, re.DOTALL)
    return str(found)


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
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]), critical=False)
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
