"""The signature container (CMS, RFC 5652), checked byte for byte.

A signature binds the document and its own signed attributes, not the container around them: version numbers, padding, the copy of an
issuer's name could be changed and every viewer would still say "valid". Here the container is built again from the parts that are
bound, and must come out the same.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, core, tsp, x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import Certificate, load_der_x509_certificate
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from .words import Problem

_DIGESTS = ("sha256", "sha384", "sha512")


@dataclass(frozen=True)
class TimeStamp:
    """What a time stamping authority (RFC 3161) says: this signature existed at this moment."""

    at: datetime
    authority: str


@dataclass(frozen=True)
class Container:
    """A parsed container: the one signer, the value of the signature and its algorithm (OID), and what was found wrong with it."""

    certificate: x509.Certificate
    signature: bytes
    algorithm: str
    time_stamp: TimeStamp | None
    problems: tuple[Problem, ...]


def read_container(content: bytes, signed_bytes: tuple[bytes, ...]) -> Container:
    """`content`: the /Contents of the signature with its padding. `signed_bytes`: the parts of the file that it covers.

    Raises ValueError, TypeError, KeyError or LookupError where the bytes are no container at all.
    """
    parsed = cms.ContentInfo.load(content)
    used = len(parsed.dump())
    signed = parsed["content"]
    (signer,) = signed["signer_infos"]
    certificate = _signing_certificate(signed, signer)
    problems = []
    if any(content[used:]):
        problems.append(Problem("container_altered", "padding"))
    if _rebuilt(signed, signer, certificate, only_signer=True) != content[:used]:
        problems.append(Problem("container_altered"))
    problems += _signature_problems(signer, certificate, "data", _digest(signer, signed_bytes))
    stamp, stamp_problems = _time_stamp(signer)
    algorithm = signer["signature_algorithm"]["algorithm"].dotted
    return Container(certificate, signer["signature"].native, algorithm, stamp, (*problems, *stamp_problems))


def _signing_certificate(signed: cms.SignedData, signer: cms.SignerInfo) -> x509.Certificate:
    wanted = signer["sid"].chosen
    for choice in signed["certificates"]:
        certificate = choice.chosen
        if certificate.serial_number == wanted["serial_number"].native and certificate.issuer.dump() == wanted["issuer"].dump():
            return certificate
    raise LookupError("the signing certificate is not in the container")


def _digest(signer: cms.SignerInfo, parts: tuple[bytes, ...]) -> bytes:
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in _DIGESTS:
        raise ValueError(f"digest algorithm {name}")
    digest = hashlib.new(name)
    for part in parts:
        digest.update(part)
    return digest.digest()


def _signature_problems(signer: cms.SignerInfo, certificate: x509.Certificate, content_type: str, digest: bytes) -> list[Problem]:
    for algorithm in (signer["digest_algorithm"], signer["signature_algorithm"]):
        if algorithm["parameters"].native is not None and algorithm["algorithm"].native != "rsassa_pss":
            return [Problem("container_altered", "algorithm")]
    try:
        intact, valid = validate_sig_integrity(signer, certificate, content_type, digest)
    except SignatureValidationError as error:
        return [Problem("signature_invalid", str(error))]
    return [*([] if intact else [Problem("altered")]), *([] if valid else [Problem("signature_invalid")])]


def _rebuilt(signed: cms.SignedData, signer: cms.SignerInfo, certificate: x509.Certificate, *, only_signer: bool) -> bytes:
    """The container as it has to be, given the parts that signatures bind (certificate, attributes, signature, stamped content)."""
    inner = signed["encap_content_info"]
    is_data = inner["content_type"].native == "data"
    parts = {
        "version": "v1" if is_data else "v3",
        "digest_algorithms": [signer["digest_algorithm"].copy()],
        "encap_content_info": {"content_type": "data"} if is_data else inner.copy(),
        "certificates": [cms.CertificateChoices("certificate", certificate)] if only_signer else signed["certificates"].copy(),
        "signer_infos": [_rebuilt_signer(signer, certificate)],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(parts)}).dump()


def _rebuilt_signer(signer: cms.SignerInfo, certificate: x509.Certificate) -> cms.SignerInfo:
    name = cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})
    parts = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", name),
        "digest_algorithm": signer["digest_algorithm"].copy(),
        "signed_attrs": signer["signed_attrs"].copy(),
        "signature_algorithm": signer["signature_algorithm"].copy(),
        "signature": signer["signature"].native,
    }
    if signer["unsigned_attrs"] is not core.VOID and len(signer["unsigned_attrs"]):
        parts["unsigned_attrs"] = signer["unsigned_attrs"].copy()
    return cms.SignerInfo(parts)


def _time_stamp(signer: cms.SignerInfo) -> tuple[TimeStamp | None, list[Problem]]:
    """The stamp over the signature value, if there is one; any other unsigned attribute is a stranger."""
    attributes = list(signer["unsigned_attrs"] or ())
    if not attributes:
        return None, []
    if len(attributes) > 1 or attributes[0]["type"].native != "signature_time_stamp_token" or len(attributes[0]["values"]) != 1:
        return None, [Problem("container_altered", "unsigned attributes")]
    token = attributes[0]["values"][0]
    signed = token["content"]
    (stamper,) = signed["signer_infos"]
    certificate = _signing_certificate(signed, stamper)
    content = signed["encap_content_info"]["content"]
    stamped: tsp.TSTInfo = content.parsed
    problems = _signature_problems(stamper, certificate, "tst_info", _digest(stamper, (bytes(content),)))
    problems = [Problem("stamp_invalid", problem.words()) for problem in problems]
    imprint = stamped["message_imprint"]
    if hashlib.new(imprint["hash_algorithm"]["algorithm"].native, signer["signature"].native).digest() != imprint["hashed_message"].native:
        problems.append(Problem("stamp_invalid", "imprint"))
    if _rebuilt(signed, stamper, certificate, only_signer=False) != token.dump():
        problems.append(Problem("stamp_invalid", "container"))
    problems += _chain_problems([choice.chosen for choice in signed["certificates"]])
    return TimeStamp(stamped["gen_time"].native, certificate.subject.human_friendly), problems


def _chain_problems(certificates: list[x509.Certificate]) -> list[Problem]:
    """Authorities add their own certificates to a stamp: each whose issuer is there too must be signed by it.

    What stands above the stamp without its root is vouched for by nothing in the file, and is not judged.
    """
    problems = []
    chain = [load_der_x509_certificate(certificate.dump()) for certificate in certificates]
    for certificate in chain:
        issuers = [issuer for issuer in chain if issuer.subject == certificate.issuer]
        if issuers and not any(_issued(certificate, issuer) for issuer in issuers):
            problems.append(Problem("stamp_invalid", certificate.subject.rfc4514_string()))
    return problems


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
