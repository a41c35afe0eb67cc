"""A certificate that a server of the tests signs for itself."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE, KEY = "tls.crt", "tls.key"
"""Names of the files, as Kubernetes has them in a Secret of type kubernetes.io/tls."""
_DAY = timedelta(days=1)


def write(folder: Path) -> None:
    """Write a certificate for 127.0.0.1, good for a day, and its key into a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / CERTIFICATE).write_bytes(_signed(key).public_bytes(serialization.Encoding.PEM))
    (folder / KEY).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
