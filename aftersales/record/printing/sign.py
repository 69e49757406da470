"""The company's seal on a PDF: a PAdES signature (B-B, or B-T with an RFC 3161 time stamp) that allows no later change."""

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_der_private_key, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import get_pyca_cryptography_hash
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.requests_client import HTTPTimeStamper

FIELD_NAME = "CompanySignature"
SELF_MADE_YEARS = 30
"""As long as the longest retention; a self-made certificate proves by its published fingerprint, not by its expiry."""
MAX_COMMON_NAME = 64
"""Bytes of UTF-8, 21 Chinese characters; the whole name stands beside it as the organization."""


class SealError(ValueError):
    """The company's key cannot be opened; the message names the file."""


@dataclass(frozen=True)
class Signer:
    """The company's key and certificate, opened once per process."""

    seal: SimpleSigner
    time_stamps: TimeStamper | None = None

    @classmethod
    def open(cls, path: Path, passphrase: str, *, company: str, time_stamp_url: str | None = None) -> "Signer":
        """The PKCS#12 at `path`; at the first start one is made there. Raises SealError on a wrong passphrase or a damaged file."""
        if not passphrase:
            raise SealError(f"the passphrase of {path} is empty")
        if not path.exists():
            _publish(path, _self_made(company, passphrase))
        # Only the company's own certificate goes into the file: nothing else in the signature container would be bound by the signature.
        try:
            seal = SimpleSigner.load_pkcs12_data(path.read_bytes(), other_certs=(), passphrase=passphrase.encode())
        except ValueError as error:
            raise SealError(f"{path} does not open with this passphrase: {error}") from error
        own = _Seal(signing_cert=seal.signing_cert, signing_key=seal.signing_key, cert_registry=type(seal.cert_registry)())
        return cls(own, HTTPTimeStamper(time_stamp_url) if time_stamp_url else None)

    @property
    def certificate_pem(self) -> bytes:
        """What is given to anyone who wants to verify."""
        return pem.armor("CERTIFICATE", self.seal.signing_cert.dump())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, 64 hexadecimal digits."""
        return hashlib.sha256(self.seal.signing_cert.dump()).hexdigest()

    def sign_pdf(self, pdf: bytes, reason: str, signer_name: str) -> bytes:
        """`pdf` with the signature appended; nothing visible is added. `signer_name`: the person who sealed the record.

        Raises pyHanko's TimestampRequestError, an OSError, where the time stamp server does not answer: no stamp, no signature.
        """
        metadata = PdfSignatureMetadata(
            field_name=FIELD_NAME,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            name=signer_name,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        target = io.BytesIO()
        signer = PdfSigner(metadata, signer=self.seal, timestamper=self.time_stamps)
        signer.sign_pdf(_Addition(io.BytesIO(pdf)), bytes_reserved=self._room, output=target)
        return target.getvalue()

    @property
    def _room(self) -> int | None:
        """Hexadecimal digits for the signature: certificate, signed hash and as much as both for what stands around them. pyHanko would
        sign a first time to measure it, and has to where a time stamp of unknown length is added."""
        if self.time_stamps is not None:
            return None
        return 4 * (len(self.seal.signing_cert.dump()) + self.seal.signing_cert.public_key.byte_size)


class _Seal(SimpleSigner):
    """The key stays open. pyHanko reads and checks it anew for each signature, twice a document: half a second of a processor."""

    @cached_property
    def _opened(self) -> PrivateKeyTypes:
        return load_der_private_key(self.signing_key.dump(), password=None)

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        mechanism = self.get_signature_mechanism_for_digest(digest_algorithm)
        if mechanism.signature_algo != "rsassa_pkcs1v15" or not isinstance(self._opened, rsa.RSAPrivateKey):
            return super().sign_raw(data, digest_algorithm)
        return self._opened.sign(data, PKCS1v15(), get_pyca_cryptography_hash(digest_algorithm))


class _Addition(IncrementalPdfFileWriter):
    """The signature and nothing else: pyHanko would write the XMP packet and the Info dictionary anew, each with another producer."""

    def _update_meta(self) -> None:
        return


def _self_made(company: str, passphrase: str) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    short = company.encode()[:MAX_COMMON_NAME].decode(errors="ignore")
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, company), x509.NameAttribute(NameOID.COMMON_NAME, short)])
    now = datetime.now(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks of verifying machines differ
        .not_valid_after(now + timedelta(days=365 * SELF_MADE_YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(b"company", key, certificate, None, BestAvailableEncryption(passphrase.encode()))


def _publish(path: Path, content: bytes) -> None:
    """Put `content` at `path`, mode 0600, unless another process was first: a link never overwrites, so there is one certificate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
