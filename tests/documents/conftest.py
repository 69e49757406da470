"""One seal and one signed report for all tests of printed documents."""

from pathlib import Path

import pytest

from aftersales.record.printing.render import render_pdf
from aftersales.record.printing.sign import Signer

from .sample import CREATED, IDENTIFIER, RECORD, sample_pdf

COMPANY = "青禾医疗设备服务有限公司"


@pytest.fixture(scope="session")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.open(tmp_path_factory.mktemp("seal") / "company.p12", "口令", company=COMPANY)


@pytest.fixture(scope="session")
def report() -> bytes:
    return sample_pdf()


@pytest.fixture(scope="session")
def sealed(seal: Signer, report: bytes) -> bytes:
    return seal.sign_pdf(report, "归档", "顾清和")


@pytest.fixture(scope="session")
def small(seal: Signer) -> bytes:
    """A signed file of some 14 KB, for tests that try every byte."""
    page = render_pdf("<p>短", stylesheets=(), identifier=IDENTIFIER, record=RECORD, created=CREATED, title="短")
    return seal.sign_pdf(page, "归档", "顾清和")


@pytest.fixture
def file_of(tmp_path: Path) -> object:
    def write(data: bytes) -> Path:
        path = tmp_path / "报告.pdf"
        path.write_bytes(data)
        return path

    return write
