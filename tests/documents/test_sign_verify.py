"""Sealing and verifying: what a good file says, and that no change of any kind goes unseen."""

import base64
import io
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.timestamps import DummyTimeStamper

from aftersales.record.printing.render import render_pdf
from aftersales.record.printing.sign import SealError, Signer
from aftersales.record.printing.verify import main, verify_pdf

from .conftest import COMPANY
from .sample import CREATED, IDENTIFIER, RECORD

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
JARS = ("preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "commons-io", "jaxb-api", "javax.activation")
PREFLIGHT = ["java", "-cp", ":".join(f"/usr/share/java/{name}.jar" for name in JARS), "org.apache.pdfbox.preflight.Validator_A1b"]
# What PDFBox's checker, which knows PDF/A-1b only, refuses and PDF/A-3b allows.
ALLOWED_SINCE_1B = re.compile(
    "XRef cross reference streams|EmbeddedFile entry is present|CIDSet entry is missing|part must be 1|widget annotation lacks an app"
)


def codes(data: bytes, *certificates: bytes) -> set[str]:
    return {problem.code for problem in verify_pdf(data, certificates).problems}


def test_a_sealed_report_is_genuine_and_says_by_whom_and_when(sealed: bytes, seal: Signer) -> None:
    verdict = verify_pdf(sealed, [seal.certificate_pem])
    assert verdict.problems == ()
    assert verdict.is_genuine
    assert (verdict.company, verdict.signed_by, verdict.reason) == (COMPANY, "顾清和", "归档")
    assert datetime.now(UTC) - verdict.signed_at < timedelta(hours=1)
    assert verdict.fingerprint == seal.fingerprint
    assert verdict.record == {"number": "SO-2026-000318", "state": "closed"}


def test_signing_changes_no_byte_of_what_was_printed(report: bytes, sealed: bytes) -> None:
    assert sealed.startswith(report)
    with pikepdf.open(io.BytesIO(report)) as before, pikepdf.open(io.BytesIO(sealed)) as after:
        assert after.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()


def test_poppler_agrees_that_the_signature_is_valid_and_covers_everything(sealed: bytes, file_of: Callable[[bytes], Path]) -> None:
    words = subprocess.run(["pdfsig", file_of(sealed)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in words
    assert "Total document signed" in words
    assert COMPANY in words


def test_a_pdf_a_checker_finds_only_what_newer_versions_of_the_standard_allow(sealed: bytes, file_of: Callable[[bytes], Path]) -> None:
    output = subprocess.run([*PREFLIGHT, file_of(sealed)], capture_output=True, text=True, check=False).stdout
    findings = re.findall(r"^\d+(?:\.\d+)* : .*$", output, re.MULTILINE)
    assert findings, "the checker did not run"
    assert [finding for finding in findings if not ALLOWED_SINCE_1B.search(finding)] == []


def test_without_a_certificate_to_compare_with_the_signer_stays_open(sealed: bytes) -> None:
    verdict = verify_pdf(sealed)
    assert verdict.problems == ()
    assert verdict.is_trusted is None
    assert not verdict.is_genuine


def test_a_file_sealed_with_another_key_is_not_ours(small: bytes, seal: Signer, report: bytes, tmp_path: Path) -> None:
    stranger = Signer.open(tmp_path / "stranger.p12", "x", company=COMPANY)
    assert codes(stranger.sign_pdf(report, "归档", "顾清和"), seal.certificate_pem) == {"certificate_unknown"}
    assert codes(small, stranger.certificate_pem + seal.certificate_pem) == set()


def _unseen(data: bytes, certificate: bytes, positions: list[int]) -> list[int]:
    unseen = []
    for position in positions:
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        if not verify_pdf(bytes(changed), [certificate]).problems:
            unseen.append(position)
    return unseen


def test_a_flip_of_any_byte_is_found(small: bytes, seal: Signer) -> None:
    size = len(small)
    positions = sorted({*range(1000), *range(1000, size - 1000, 6), *range(size - 1000, size)})
    assert len(positions) > 4000
    with ProcessPoolExecutor(2) as pool:
        halves = pool.map(partial(_unseen, small, seal.certificate_pem), (positions[::2], positions[1::2]))
        assert [position for half in halves for position in half] == []


def test_another_case_of_a_hexadecimal_digit_is_found(small: bytes, seal: Signer) -> None:
    """0x4A and 0x4a are the same signature to every viewer."""
    place = small.index(b"/Contents <") + 11
    letter = next(index for index in range(place, place + 500) if chr(small[index]).isalpha())
    changed = bytearray(small)
    changed[letter] ^= 0x20
    assert codes(bytes(changed), seal.certificate_pem) == {"container_altered"}


def test_a_byte_less_or_more_at_the_end_is_found(small: bytes, seal: Signer) -> None:
    for changed in (small[:-1], small + b"\n", small[:-100], small[: len(small) // 2], b"", b"%PDF-1.7"):
        assert codes(changed, seal.certificate_pem)


def test_an_update_appended_after_the_signature_is_found(small: bytes, seal: Signer) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(small))
    writer.root["/Lang"] = writer.root["/Type"]
    writer.update_root()
    target = io.BytesIO()
    writer.write(target)
    assert target.getvalue().startswith(small)
    assert codes(target.getvalue(), seal.certificate_pem) == {"not_whole"}


def test_an_unsigned_report_is_called_unsigned(report: bytes) -> None:
    assert codes(report) == {"unsigned"}


def test_a_record_that_does_not_match_its_hash_is_found_even_under_a_good_signature(seal: Signer) -> None:
    page = render_pdf("<p>x", stylesheets=(), identifier=IDENTIFIER, record=RECORD, created=CREATED, title="x")
    with pikepdf.open(io.BytesIO(page)) as pdf:
        pdf.attachments["record.json"].obj.EF.F.write(b'{"number": "SO-2026-000319"}')
        target = io.BytesIO()
        pdf.save(target, static_id=True)
    assert codes(seal.sign_pdf(target.getvalue(), "归档", "x"), seal.certificate_pem) == {"record_hash_differs"}


def test_a_report_without_its_record_is_found(seal: Signer) -> None:
    page = render_pdf("<p>x", stylesheets=(), identifier=IDENTIFIER, record=b"not json", created=CREATED, title="x")
    assert codes(seal.sign_pdf(page, "归档", "x"), seal.certificate_pem) == {"record_unreadable"}
    with pikepdf.open(io.BytesIO(page)) as pdf:
        del pdf.attachments["record.json"]
        target = io.BytesIO()
        pdf.save(target, static_id=True)
    assert "record_missing" in codes(seal.sign_pdf(target.getvalue(), "归档", "x"), seal.certificate_pem)


@pytest.fixture(scope="session")
def stamped(seal: Signer, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small file with a time stamp by an authority made for the test."""
    folder = tmp_path_factory.mktemp("authority")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=TSA -addext extendedKeyUsage=critical,timeStamping"
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    body = base64.b64decode("".join(certificate.read_text().splitlines()[1:-1]))
    authority = DummyTimeStamper(x509.Certificate.load(body), keys.PrivateKeyInfo.load(der))
    page = render_pdf("<p>短", stylesheets=(), identifier=IDENTIFIER, record=RECORD, created=CREATED, title="短")
    return Signer(seal.seal, authority).sign_pdf(page, "归档", "顾清和")


def test_a_time_stamp_is_read_and_names_its_authority(stamped: bytes, seal: Signer) -> None:
    verdict = verify_pdf(stamped, [seal.certificate_pem])
    assert verdict.problems == ()
    assert "TSA" in verdict.time_stamp.authority
    assert datetime.now(UTC) - verdict.time_stamp.at < timedelta(hours=1)


def test_a_flip_in_a_time_stamp_is_found(stamped: bytes, seal: Signer) -> None:
    start = stamped.index(b"/Contents <")
    positions = list(range(start, stamped.index(b">", start), 17))
    assert _unseen(stamped, seal.certificate_pem, positions) == []


def test_a_silent_time_stamp_server_leaves_nothing_signed(seal: Signer, report: bytes, tmp_path: Path) -> None:
    waiting = Signer.open(tmp_path / "c.p12", "x", company=COMPANY, time_stamp_url="http://127.0.0.1:9/")
    with pytest.raises(OSError, match="timestamp server"):
        waiting.sign_pdf(report, "归档", "x")


def test_the_key_file_is_private_and_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    path = tmp_path / "instance" / "company.p12"
    first = Signer.open(path, "口令", company="名字长过二十一个汉字的医疗设备技术服务股份有限公司上海分公司")
    assert path.stat().st_mode & 0o777 == 0o600
    assert Signer.open(path, "口令", company="x").fingerprint == first.fingerprint
    for wrong in ("另一个", ""):
        with pytest.raises(SealError, match="passphrase"):
            Signer.open(path, wrong, company="x")


def test_two_processes_starting_at_once_end_with_one_certificate(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import sys; from pathlib import Path; from aftersales.record.printing.sign import Signer
        print("ready", flush=True); sys.stdin.read(1)
        print(Signer.open(Path({str(tmp_path / "company.p12")!r}), "x", company="x").fingerprint)
    """)
    pipe = subprocess.PIPE
    both = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("g")
        process.stdin.flush()
    assert len({process.communicate()[0] for process in both}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["company.p12"]


def test_the_command_tells_the_verdict_in_chinese_and_by_its_status(
    sealed: bytes, seal: Signer, file_of: Callable[[bytes], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_bytes(seal.certificate_pem)
    path = file_of(sealed)
    assert main([str(path), "--certificate", str(certificate)]) == 0
    assert "真实、完整" in capsys.readouterr().out
    assert main([str(path)]) == 2
    path.write_bytes(sealed.replace(b"/Reason", b"/reason"))
    assert main([str(path), "--certificate", str(certificate), "--language", "en"]) == 1
    assert "altered" in capsys.readouterr().out
    assert main([str(tmp_path / "missing.pdf")]) == 2


def test_the_command_needs_neither_flask_nor_a_database() -> None:
    """Of its own: the package around it is stood in for, because what aftersales/__init__.py loads is not the command's doing."""
    script = textwrap.dedent(f"""
        import sys, types
        package = sys.modules["aftersales"] = types.ModuleType("aftersales")
        package.__path__ = [{str(ROOT / "aftersales")!r}]
        import aftersales.record.printing.verify
        print([name for name in sys.modules if name in ("flask", "sqlalchemy", "weasyprint")])
    """)
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"
