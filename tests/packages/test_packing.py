"""Every archived record has a package at the second place, whole or not at all, and none is left of what was destroyed."""

import io
import json
import tarfile
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as xml

import pikepdf
import pytest
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate
from flask import Flask
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.jobs.job import Job
from aftersales.jobs.passes import package_all, package_lately, remove_packages, run_pass
from aftersales.jobs.work import Work
from aftersales.packages import contents, packing
from aftersales.packages.checking import check
from aftersales.packages.copies import CopyState
from aftersales.packages.keys import Keys
from aftersales.packages.metadata import MetadataError
from aftersales.packages.package import ArchivePackage, PackageFile
from aftersales.packages.packing import keys, second_place, wanting
from aftersales.packages.restoring import write_now
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM
from aftersales.record.audit import verify
from aftersales.record.printing.verify import verify_pdf
from aftersales.record.printing.words import Problem
from aftersales.record.refusal import Refusal
from aftersales.record.signatures import signatures_of
from aftersales.record.storage import Store
from aftersales.record.workflow import perform
from aftersales.service.order import ServiceOrder
from tests.packages.conftest import LATER, flip, lies_at, tar_of, the_entry, the_package
from tests.portal.repair import Repair, finish, reopen


def members(package: ArchivePackage) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar_of(package))) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def test_a_package_holds_what_was_sealed_and_explains_itself(app: Flask, packed: Repair, acting: None) -> None:
    package = the_package()
    assert package.number.startswith("PK-HD-2026-")
    assert (package.file_count, package.content_hash) == (len(the_entry().files), the_entry().content_hash)
    files, root = members(package), the_entry().number
    (paper,) = [path for path in files if path.startswith(f"{root}/data/papers/")]
    assert files[paper] == app.extensions["store"].get(packed.sha256)
    (record,) = [path for path in files if path.startswith(f"{root}/data/records/")]
    assert json.loads(files[record])["record"]
    assert json.loads(files[f"{root}/data/entry.json"])["content_hash"] == package.content_hash
    metadata = xml.fromstring(files[f"{root}/metadata.xml"])
    assert metadata.findtext("文件实体/内容描述/文件编号") == "SO-HD-2026-000001"
    assert metadata.findtext("文件实体/来源/立档单位名称") == app.config["COMPANY_NAME"]
    with pikepdf.open(io.BytesIO(files[paper])) as pdf:
        assert metadata.findtext("文件实体/形式特征/页数") == str(len(pdf.pages))
    hands = {hand.findtext("机构人员标识符"): hand.findtext("机构人员名称") for hand in metadata.iter("机构人员实体")}
    done = {deed.findtext("业务行为"): hands[deed.findtext("机构人员标识符")] for deed in metadata.iter("业务实体")}
    signed = [row["signer"] for row in json.loads(files[f"{root}/data/entry.json"])["signatures"]]
    company = app.config["COMPANY_NAME"]
    assert the_entry().sealed_by == signed[-1] == SYSTEM.name  # no hand of its own: the company stands for the program
    assert done == {"签署": company, "封存": company, "归档": company, "打包": company}
    assert [deed.findtext("业务行为") for deed in metadata.iter("业务实体")].count("签署") == len(signed)
    (seal,) = metadata.iter("电子签名")
    container = verify_pdf(files[paper]).container
    assert b64decode(seal.findtext("签名结果")) == container.signature
    certificate = load_der_x509_certificate(b64decode(seal.findtext("证书")))
    assert certificate == load_pem_x509_certificate(files[f"{root}/certificate.pem"])
    assert seal.findtext("签名算法标识") == container.algorithm == "1.2.840.113549.1.1.11"
    assert paper.removeprefix(f"{root}/") in {element.text for element in metadata.iter("计算机文件名")}
    for name in ("index.html", "README.txt", "certificate.pem", "bagit.txt", "bag-info.txt"):
        assert files[f"{root}/{name}"]
    assert "SO-HD-2026-000001" in files[f"{root}/index.html"].decode()
    assert b"SO-HD" not in second_place().get(package.sha256)
    assert list(verify(db.session, app.extensions["audit"])) == []


def test_nothing_is_written_twice_and_what_changed_is_written_anew(app: Flask, packed: Repair, acting: None) -> None:
    before = the_package().sha256
    assert run_pass(package_all) == 0
    reopen(app)
    finish(app)
    assert run_pass(package_lately) == 1
    package = the_package()
    assert package.sha256 != before
    assert len([path for path in members(package) if "/papers/" in path]) == 2
    assert second_place().exists(before)  # until nobody can be writing it any more
    with server_time.at(LATER + timedelta(hours=2)):
        assert run_pass(remove_packages) == 1
        assert (second_place().exists(before), second_place().exists(package.sha256)) == (False, True)
        assert run_pass(remove_packages) == 0


def test_a_further_recipient_gets_every_package(app: Flask, packed: Repair, acting: None, tmp_path, monkeypatch) -> None:
    spare = Keys.open(tmp_path / "spare")
    monkeypatch.setitem(app.extensions, "package_keys", Keys(keys().identity, (*keys().recipients, *spare.recipients)))
    assert run_pass(package_all) == 1
    monkeypatch.setitem(app.extensions, "package_keys", spare)
    assert members(the_package())


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moment", ["before the bytes", "after the bytes", "before the row"])
def test_killed_at_any_moment_a_package_is_there_whole_or_not_at_all(
    app: Flask, finished: Repair, acting: None, moment: str, monkeypatch
) -> None:

    def dying(method: Callable[..., object], *, first: bool) -> Callable[..., object]:
        def die(*args: object, **options: object) -> object:
            if not first:
                method(*args, **options)
            raise Killed

        return die

    with monkeypatch.context() as patch, server_time.at(LATER):
        if moment == "before the row":
            patch.setattr(packing, "package_row", dying(packing.package_row, first=True))
        else:
            patch.setattr(Store, "put_file", dying(Store.put_file, first=moment == "before the bytes"))
        with pytest.raises(Killed):
            packing.write_package(db.session, the_entry().id)
        db.session.rollback()
    assert db.session.scalars(select(ArchivePackage)).all() == []
    with server_time.at(LATER + timedelta(minutes=5)):
        assert run_pass(package_all) == 1
    whole = the_package().sha256
    with server_time.at(LATER + timedelta(hours=2)):
        assert run_pass(remove_packages) == 1
        assert list(second_place().keys()) == [whole]
        assert list(second_place().damaged()) == []


def test_a_record_whose_files_are_damaged_gets_none_and_holds_up_nobody(app: Flask, finished: Repair, acting: None) -> None:
    flip(lies_at(app, "store", finished.sha256))
    assert run_pass(package_all) == 0
    assert db.session.scalars(wanting()).all() == [the_entry().id]
    assert db.session.scalars(select(PackageFile)).all() == []


def metadata_of(package: ArchivePackage) -> xml.Element:
    (data,) = [data for name, data in members(package).items() if name.endswith("/metadata.xml")]
    return xml.fromstring(data)


def test_only_a_signature_that_holds_is_told(app: Flask, finished: Repair, acting: None, monkeypatch) -> None:
    def broken(data: bytes) -> object:
        return replace(verify_pdf(data), container=None, problems=(Problem("altered"),))

    monkeypatch.setattr(contents, "verify_pdf", broken)
    assert run_pass(package_all) == 1
    assert list(metadata_of(the_package()).iter("电子签名")) == []


def test_a_signature_that_was_void_when_it_was_sealed_says_so(app: Flask, finished: Repair, acting: None) -> None:
    entry = the_entry()
    first, second = signatures_of(db.session, db.session.get_one(ServiceOrder, entry.record_id))
    first.voided_at, second.voided_at = entry.sealed_at - timedelta(hours=1), entry.sealed_at + timedelta(hours=1)
    db.session.commit()
    assert run_pass(package_all) == 1
    told = [deed.findtext("行为描述") for deed in metadata_of(the_package()).iter("业务实体") if deed.findtext("业务行为") == "签署"]
    assert [text.partition("；")[0] for text in told] == ["用户验收（封存前内容有改动，签名已失效）", "质量审核"]


def test_no_package_is_written_with_metadata_at_fault(app: Flask, finished: Repair, acting: None, monkeypatch) -> None:
    described = contents.describe
    with monkeypatch.context() as patch:
        patch.setattr(contents, "describe", lambda *told: replace(described(*told), title=""))
        assert run_pass(package_all) == 0
        with pytest.raises(MetadataError, match="内容描述/题名: wanting"):
            packing.write_package(db.session, the_entry().id)
        db.session.rollback()
        with pytest.raises(Refusal, match="元数据不完整"):
            write_now(Work(db.session, Job(arguments={"entry": the_entry().id})))
        db.session.rollback()
    assert db.session.scalars(select(PackageFile)).all() == []
    assert run_pass(package_all) == 1


def test_a_package_with_the_metadata_of_its_time_stays_and_is_whole(app: Flask, finished: Repair, acting: None, monkeypatch) -> None:
    with monkeypatch.context() as patch, server_time.at(LATER):
        patch.setattr(contents, "metadata_xml", lambda about: "<电子文件元数据><文件实体/></电子文件元数据>".encode())
        assert run_pass(package_all) == 1
    before = the_package().sha256
    with server_time.at(LATER + timedelta(minutes=5)):
        assert run_pass(package_all) == 0
        assert check(db.session, LATER + timedelta(minutes=5)).damage_count == 0
    assert (the_package().sha256, the_package().is_whole) == (before, True)


def test_a_package_is_given_up_with_its_record_only(app: Flask, packed: Repair, acting: None) -> None:
    with pytest.raises(Refusal):
        perform(the_package(), "give_up", reason="x")
    db.session.rollback()
    entry = the_entry()
    entry.destroyed_under = "DS-HD-2026-000001"
    perform(entry, "destroy", reason="x")
    db.session.commit()
    package = the_package()
    assert (package.state, package.given_up_at) == ("given_up", LATER)
    assert run_pass(remove_packages) == 1
    assert list(second_place().keys()) == []
    assert (len(the_package().sha256), the_package().second_copy) == (64, CopyState.whole)
    assert run_pass(package_all) == 0
