"""Making certificates: the authority of an instance, and what it signs for the names of the shop's network.

Called by `flask --app app tls make`. The authority is this instance's alone and may sign private addresses and the names that it
was made for, nothing else: who steals its key cannot pose as a bank. Knows nothing of the panel.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from processes.tls import CA, CA_KEY, CERT, DAYS, KEY

CA_DAYS = 3650
PRIVATE = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7",
    "fe80::/10",
)  # fmt: skip


@dataclass(frozen=True)
class Made:
    """What `make` wrote. `fingerprint` is that of the authority: what people compare before they trust it."""

    names: tuple[str, ...]
    until: dt.datetime
    fingerprint: str
    is_new_ca: bool


def days_left(folder: Path) -> int:
    return (_load(folder / CERT).not_valid_after_utc - dt.datetime.now(dt.UTC)).days


def fingerprint(path: Path) -> str:
    """SHA-256 as phones and browsers show it: pairs with colons."""
    return ":".join(f"{byte:02X}" for byte in _load(path).fingerprint(hashes.SHA256()))


def names_of(folder: Path) -> tuple[str, ...]:
    found = _load(folder / CERT).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(str(one.value) for one in found)


def make(folder: Path, names: Sequence[str], days: int = DAYS, new_ca: bool = False) -> Made:
    """Make or renew the certificate for these names and addresses; the authority stays unless another one is asked for.

    :raises ValueError: for a name that the authority may not sign, or a span that phones refuse
    """
    if not 1 <= days <= DAYS:
        raise ValueError(f"a certificate is good for 1 to {DAYS} days")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", *names)))
    is_new = new_ca or not ((folder / CA).is_file() and (folder / CA_KEY).is_file())
    if is_new:
        _make_ca(folder, wanted)
    _refuse_foreign(folder, wanted)
    until = _make_server(folder, wanted, days)
    return Made(wanted, until, fingerprint(folder / CA), is_new)


def _make_ca(folder: Path, names: Sequence[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"Zhanggui {next((one for one in names if not _ip(one) and one != 'localhost'), 'LAN')} CA")
    allowed: list[Any] = [x509.IPAddress(ipaddress.ip_network(one)) for one in PRIVATE]
    allowed += [x509.DNSName(one) for one in dict.fromkeys(["local", *(one for one in names if not _ip(one))])]
    builder = _builder(subject, subject, key.public_key(), CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(x509.NameConstraints(allowed, None), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    _write(folder, CA, CA_KEY, builder, key, key)


def _make_server(folder: Path, names: Sequence[str], days: int) -> dt.datetime:
    ca = _load(folder / CA)
    ca_key: Any = serialization.load_pem_private_key((folder / CA_KEY).read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(names[-1] if _ip(names[0]) else names[0]), ca.subject, key.public_key(), days)
    san = [x509.IPAddress(address) if (address := _ip(one)) else x509.DNSName(one) for one in names]
    builder = builder.add_extension(x509.SubjectAlternativeName(san), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key()), critical=False)
    _write(folder, CERT, KEY, builder, key, ca_key)
    return _load(folder / CERT).not_valid_after_utc


def _refuse_foreign(folder: Path, names: Sequence[str]) -> None:
    allowed = _load(folder / CA).extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    domains = [str(one.value) for one in allowed if isinstance(one, x509.DNSName)]
    networks: list[Any] = [one.value for one in allowed if isinstance(one, x509.IPAddress)]
    for name in names:
        if address := _ip(name):
            if not any(address.version == net.version and address in net for net in networks):
                raise ValueError(f"{name} is no private address: a certificate for it comes from a public authority")
        elif not any(name == domain or name.endswith(f".{domain}") for domain in domains):
            raise ValueError(f"the authority was not made for {name}; make another with --new-ca and install it on the phones")


def _builder(subject: Any, issuer: Any, public: Any, days: int) -> Any:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now - dt.timedelta(hours=1) + dt.timedelta(days=days))
    )  # fmt: skip


def _usage(*, signs: bool) -> Any:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _write(folder: Path, cert: str, key: str, builder: Any, private: Any, signer: Any) -> None:
    """Each file is whole or not there: a server that starts meanwhile never reads half a key."""
    signed = builder.sign(signer, hashes.SHA256())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for name, data in ((key, pem), (cert, signed.public_bytes(serialization.Encoding.PEM))):
        new = folder / f"{name}.new"
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        new.replace(folder / name)


def _load(path: Path) -> Any:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _name(text: str) -> Any:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _ip(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
