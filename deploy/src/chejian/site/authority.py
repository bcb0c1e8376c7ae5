"""A private certificate authority: who signs the certificates of broker, database, pages and edges of one installation."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chejian.site.files import write_secret, write_text
from chejian.stack import StackError

AUTHORITY_DAYS = 3650
"""[d] Every edge has to be given a new one by hand, so it lasts as long as a plant's equipment is planned."""
SKEW = timedelta(days=1)
"""How long before now certificates begin: clocks of plant floors are wrong."""
OPCUA_URI: Final = "urn:chejian:edge"
"""Application URI that the edge's OPC UA driver shows; its certificate has to name it (OPC 10000-6, 6.2.2)."""
_RSA_BITS = 2048
"""OPC UA's Basic256Sha256 asks for 2048 to 4096 (OPC 10000-7)."""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority:
    """The authority of one folder; made where it is missing.

    Args:
        folder: of `ca.pem` and `ca.key`.
        name: of the installation, in the certificate's subject.

    Raises:
        StackError: one of both files is missing, broken, or not of the other.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / "ca.pem"
        key_path = folder / "ca.key"
        if self.path.exists() and not key_path.exists():
            raise StackError(
                f"{key_path}: missing beside {self.path}; put it back from where it is kept, or remove both for a new"
                " authority, which every edge has to be given"
            )
        self._key = load_or_make_key(key_path)
        if not self.path.exists():
            write_text(self.path, _pem(_authority(self._key, name)))
        self.certificate = load_certificate(self.path)
        if self.certificate.public_key() != self._key.public_key():
            raise StackError(f"{self.path}: is not the certificate of {key_path}")

    def server(
        self, folder: Path, hosts: Sequence[str], *, days: int, renew: bool = False
    ) -> x509.Certificate:
        """Certificate and key of a server, `server.pem` and `server.key`; made again where names are missing.

        Args:
            folder: of both files.
            hosts: names and addresses that it is asked for by; those of an earlier certificate stay.
            days: [d] that a new certificate lasts.
            renew: make it again in any case; the key stays.
        """
        path = folder / "server.pem"
        key = load_or_make_key(folder / "server.key")
        old = load_certificate(path) if path.exists() else None
        names = list(dict.fromkeys([*hosts, *(hosts_of(old) if old else ())]))
        if old and not renew and set(names) == set(hosts_of(old)) and self._fits(old, key):
            return old
        made = self._sign(
            key, names[0], [_host(n) for n in names], ExtendedKeyUsageOID.SERVER_AUTH, days=days
        )
        write_text(path, _pem(made) + _pem(self.certificate))
        return made

    def client(self, folder: Path, name: str, *, days: int, renew: bool = False) -> x509.Certificate:
        """Certificate and key of an edge, `client.pem` (also `client.der`) and `client-key.pem`.

        It is what the edge shows to OPC UA servers (`security` of its driver); RSA, as they ask for.
        """
        path = folder / "client.pem"
        key = load_or_make_key(folder / "client-key.pem", kind="rsa")
        old = load_certificate(path) if path.exists() else None
        if old and not renew and self._fits(old, key):
            return old
        uri = x509.UniformResourceIdentifier(OPCUA_URI)
        made = self._sign(key, name, [uri], ExtendedKeyUsageOID.CLIENT_AUTH, days=days)
        write_text(path, _pem(made))
        (folder / "client.der").write_bytes(made.public_bytes(serialization.Encoding.DER))
        return made

    def _fits(self, certificate: x509.Certificate, key: Key) -> bool:
        """Whether it is of this key, and signed by this authority."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return certificate.public_key() == key.public_key()

    def _sign(
        self,
        key: Key,
        name: str,
        names: Sequence[x509.GeneralName],
        usage: x509.ObjectIdentifier,
        *,
        days: int,
    ) -> x509.Certificate:
        rsa_key = isinstance(key, rsa.RSAPrivateKey)
        ends = min(datetime.now(UTC) + timedelta(days=days), self.certificate.not_valid_after_utc)
        builder = _start(key, _name(name), self.certificate.subject, ends)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(_usage(signs=False, enciphers=rsa_key), critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())


def hosts_of(certificate: x509.Certificate) -> list[str]:
    """Names and addresses that a certificate is for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *(str(a) for a in addresses)]


def load_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a file.

    Raises:
        StackError: there is none.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise StackError(
            f"{path}: no certificate in PEM ({error}); remove it to have it made again"
        ) from error


def load_or_make_key(path: Path, *, kind: str = "ec") -> Key:
    """The private key of a file, made where it is missing: P-256, or RSA with 2048 bits.

    Raises:
        StackError: the file holds no such key.
    """
    if not path.exists():
        made: Key = (
            ec.generate_private_key(ec.SECP256R1())
            if kind == "ec"
            else rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
        )
        form, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_secret(path, made.private_bytes(serialization.Encoding.PEM, form, clear))
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise StackError(f"{path}: no private key in PEM without a password ({error})") from error
    if not isinstance(key, Key):
        raise StackError(f"{path}: allowed: an elliptic or an RSA key, not {type(key).__name__}")
    return key


def _authority(key: Key, name: str) -> x509.Certificate:
    subject = _name(f"Chejian {name}")
    ends = datetime.now(UTC) + timedelta(days=AUTHORITY_DAYS)
    builder = _start(key, subject, subject, ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(_usage(signs=True, enciphers=False), critical=True).sign(
        key, hashes.SHA256()
    )


def _start(key: Key, subject: x509.Name, issuer: x509.Name, ends: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool, enciphers: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=enciphers,
        key_encipherment=enciphers,
        data_encipherment=enciphers,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
