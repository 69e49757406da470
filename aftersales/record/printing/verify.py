"""Is this file what the company sealed? Answered from the file alone: no database, no Flask, no network.

    python -m aftersales.record.printing.verify FILE [--certificate cert.pem] [--language zh|en]

Exit status: 0 genuine, 1 something is wrong with the file, 2 undecided (no certificate was given, or a file cannot be opened).
"""

import argparse
import hashlib
import io
import json
import logging
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pikepdf
from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from .container import Container, read_container
from .metadata import record_hash
from .pdfa import pdfa_problems
from .verdict import Verdict
from .words import Problem

RECORD_NAME = "record.json"
EXIT_STATUS = {"genuine": 0, "false": 1, "undecided": 2}

_CONTENTS = re.compile(rb"<((?:[0-9A-F]{2})+)>")


def verify_pdf(data: bytes, trusted_certificates: Iterable[bytes] = ()) -> Verdict:
    """The verdict on one file. `trusted_certificates`: PEM texts, each with one certificate or more; with none, `is_trusted` stays None.

    Never raises on the content of `data`: whatever is wrong with it is a problem in the verdict.
    """
    verdict = Verdict(sha256=hashlib.sha256(data).hexdigest(), problems=())
    trusted = frozenset(_fingerprints(trusted_certificates))
    try:
        signature, container = _read_signature(data)
    except _Refused as refusal:
        return replace(verdict, problems=(refusal.problem,))
    except Exception as damage:  # three parsers fail on damaged bytes in more ways than can be listed; each is a finding about the file
        return replace(verdict, problems=(Problem("unreadable", type(damage).__name__),))
    if container.problems:
        return replace(verdict, problems=container.problems)
    return _judge_content(data, _judge_signer(signature, container, trusted, verdict))


class _Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.problem = Problem(code)


def _read_signature(data: bytes) -> tuple[EmbeddedPdfSignature, Container]:
    signatures = PdfFileReader(io.BytesIO(data)).embedded_signatures
    if not signatures:
        raise _Refused("unsigned")
    if len(signatures) > 1:
        raise _Refused("many_signatures")
    start, gap_start, gap_end, tail = (int(number) for number in signatures[0].byte_range)
    if start != 0 or not 0 < gap_start < gap_end or gap_end + tail != len(data):
        raise _Refused("not_whole")
    contents = _CONTENTS.fullmatch(data[gap_start:gap_end])
    if not contents:
        raise _Refused("container_altered")
    return signatures[0], read_container(bytes.fromhex(contents[1].decode()), (data[:gap_start], data[gap_end:]))


def _judge_signer(signature: EmbeddedPdfSignature, container: Container, trusted: frozenset[str], verdict: Verdict) -> Verdict:
    certificate = container.certificate
    fingerprint = hashlib.sha256(certificate.dump()).hexdigest()
    signed_at = signature.self_reported_timestamp
    witnessed_at = container.time_stamp.at if container.time_stamp else signed_at
    problems = []
    if trusted and fingerprint not in trusted:
        problems.append(Problem("certificate_unknown", fingerprint))
    if not _valid_at(certificate, witnessed_at):
        problems.append(Problem("certificate_expired", str(witnessed_at or "")))
    return replace(
        verdict,
        problems=tuple(problems),
        company=_company(certificate.subject),
        signed_by=_text(signature, "/Name"),
        reason=_text(signature, "/Reason"),
        signed_at=signed_at,
        fingerprint=fingerprint,
        container=container,
        is_trusted=fingerprint in trusted if trusted else None,
        time_stamp=container.time_stamp,
    )


def _company(subject: x509.Name) -> str:
    stated = subject.native
    return str(stated.get("organization_name") or stated.get("common_name") or subject.human_friendly)


def _valid_at(certificate: x509.Certificate, moment: datetime | None) -> bool:
    return moment is not None and certificate.not_valid_before <= moment <= certificate.not_valid_after


def _text(signature: EmbeddedPdfSignature, key: str) -> str | None:
    value = signature.sig_object.get(key)
    return None if value is None else str(value)


def _judge_content(data: bytes, verdict: Verdict) -> Verdict:
    """What the file says of itself, read only once the signature holds."""
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            problems = list(pdfa_problems(pdf))
            attachment = pdf.attachments.get(RECORD_NAME)
            record = attachment.get_file().read_bytes() if attachment else None
            promised = record_hash(pdf.Root.Metadata.read_bytes())
    except Exception as damage:  # as above
        return replace(verdict, problems=(*verdict.problems, Problem("unreadable", type(damage).__name__)))
    if record is None:
        return replace(verdict, problems=(*verdict.problems, *problems, Problem("record_missing")))
    digest = hashlib.sha256(record).hexdigest()
    if promised is None:
        problems.append(Problem("record_hash_missing"))
    elif promised != digest:
        problems.append(Problem("record_hash_differs"))
    try:
        content = json.loads(record)
    except ValueError:
        content = None
        problems.append(Problem("record_unreadable"))
    return replace(verdict, problems=(*verdict.problems, *problems), record=content, record_sha256=digest)


def _fingerprints(texts: Iterable[bytes]) -> Iterable[str]:
    for text in texts:
        for _, _, certificate in pem.unarmor(text, multiple=True):
            yield hashlib.sha256(certificate).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m aftersales.record.printing.verify", description="验证归档文件 / verify a record")
    parser.add_argument("file", type=Path, help="the PDF / 待验证的 PDF 文件")
    parser.add_argument("--certificate", type=Path, action="append", default=[], help="a trusted certificate, PEM / 可信证书")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    chosen = parser.parse_args(arguments)
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # the verdict says what matters
    try:
        data = chosen.file.read_bytes()
        verdict = verify_pdf(data, [path.read_bytes() for path in chosen.certificate])
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(verdict.words(chosen.language))
    return EXIT_STATUS[verdict.outcome]


if __name__ == "__main__":
    sys.exit(main())
