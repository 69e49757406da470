"""A package as files: what the standard tools must find in it, whatever the files of the record are called."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.archives.contents import ArchivedFile
from aftersales.packages.bag import DamagedBagError, bag, packed, paths_of, payload_file, unpacked
from aftersales.packages.keys import Keys, LockedPackageError, UnusableKeyError

pytestmark = pytest.mark.pure

AT = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
NAMES = ("报告 100%.pdf", "a%0Ab.txt", "..", "长" * 200 + ".pdf", "x\\y.png", "-rf", "e\u0301.txt")


def made(names: tuple[str, ...] = NAMES) -> bytes:
    files = [ArchivedFile(name, "attachment", f"{index:064x}", "text/plain") for index, name in enumerate(names)]
    payload = {path: b"content of " + file.name.encode() for path, file in paths_of(files).items()}
    return packed("AR-1", bag(payload, {"index.html": b"<p>"}, {"External-Identifier": "AR-1", "Title": "一\n二"}), AT)


def test_the_same_content_is_the_same_bytes() -> None:
    assert made() == made()


def test_sha256sum_and_tar_read_names_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "AR-1.tar").write_bytes(made())
    subprocess.run(["tar", "xf", "AR-1.tar"], cwd=tmp_path, check=True)
    for sums in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", sums], cwd=tmp_path / "AR-1", check=True)
    assert len(list((tmp_path / "AR-1/data/attachments").iterdir())) == len(NAMES)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), min_size=1, max_size=6))
@settings(max_examples=40)
def test_a_bag_of_any_names_is_whole(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    root = unpacked(made(tuple(names)), tmp_path_factory.mktemp("bag"))
    assert len(list((root / "data/attachments").iterdir())) == len(names)


def test_a_file_that_was_changed_is_found_in_the_bag(tmp_path: Path) -> None:
    data = made(("a.txt",))
    assert payload_file(data, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb") is None
    with pytest.raises(DamagedBagError, match=r"a\.txt"):
        unpacked(data.replace(b"content of a", b"content of b"), tmp_path)


def test_an_identity_is_made_once_and_other_recipients_open_too(tmp_path: Path) -> None:
    path, spare = tmp_path / "keys/archive.agekey", Keys.open(tmp_path / "spare")
    keys = Keys.open(path, spare.recipients[0])
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keys.open(path, spare.recipients[0]).mark == keys.mark != Keys.open(path).mark
    locked = keys.lock(b"record")
    assert keys.unlock(locked) == spare.unlock(locked) == b"record"
    with pytest.raises(LockedPackageError):
        keys.unlock(locked[:-1] + bytes([locked[-1] ^ 1]))
    with pytest.raises(LockedPackageError):
        spare.unlock(Keys.open(path).lock(b"record"))
    with pytest.raises(UnusableKeyError):
        Keys.open(path, "age1nobody")
