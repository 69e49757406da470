"""A package as files: what the standard tools must find in it, whatever the files of the record are called."""

import hashlib
import io
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.archives.contents import ArchivedFile
from aftersales.packages.bag import Content, DamagedBagError, bag, packed, paths_of, payload_file, unpacked
from aftersales.packages.keys import Keys, LockedPackageError, UnusableKeyError
from aftersales.record.storage import DamagedFileError

pytestmark = pytest.mark.pure

AT = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
NAMES = ("报告 100%.pdf", "a%0Ab.txt", "..", "长" * 200 + ".pdf", "x\\y.png", "-rf", "e\u0301.txt")


def made(names: tuple[str, ...] = NAMES) -> bytes:
    files = [ArchivedFile(name, "attachment", f"{index:064x}", "text/plain") for index, name in enumerate(names)]
    payload = {path: Content.of(b"content of " + file.name.encode()) for path, file in paths_of(files).items()}
    return b"".join(packed("AR-1", bag(payload, {"index.html": b"<p>"}, {"External-Identifier": "AR-1", "Title": "一\n二"}), AT))


def lock(keys: Keys, *pieces: bytes) -> bytes:
    target = io.BytesIO()
    keys.lock(pieces, target)
    return target.getvalue()


def unlock(keys: Keys, locked: bytes) -> bytes:
    target = io.BytesIO()
    keys.unlock(io.BytesIO(locked), target)
    return target.read()


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
    root = unpacked(io.BytesIO(made(tuple(names))), tmp_path_factory.mktemp("bag"))
    assert len(list((root / "data/attachments").iterdir())) == len(names)


def test_a_file_that_was_changed_is_found_in_the_bag(tmp_path: Path) -> None:
    data = made(("a.txt",))
    with payload_file(io.BytesIO(data), hashlib.sha256(b"a").hexdigest()) as file:
        assert file is None
    with payload_file(io.BytesIO(data), hashlib.sha256(b"content of a.txt").hexdigest()) as file:
        assert file is not None
        assert file.seek(0) == 0
        assert file.read() == b"content of a.txt"
    with pytest.raises(DamagedBagError, match=r"a\.txt"):
        unpacked(io.BytesIO(data.replace(b"content of a", b"content of b")), tmp_path)


def test_the_tar_is_made_of_pieces_no_larger_than_those_of_its_files(tmp_path: Path) -> None:
    piece, count = bytes(range(256)) * 256, 40
    whole = Content(hashlib.sha256(piece * count).hexdigest(), len(piece) * count, lambda: (piece for _ in range(count)))
    pieces = list(packed("AR-1", bag({"attachments/film.mp4": whole}, {}, {}), AT))
    assert max(map(len, pieces)) == len(piece)
    assert (unpacked(io.BytesIO(b"".join(pieces)), tmp_path) / "data/attachments/film.mp4").stat().st_size == whole.size


def test_an_identity_is_made_once_and_other_recipients_open_too(tmp_path: Path) -> None:
    path, spare = tmp_path / "keys/archive.agekey", Keys.open(tmp_path / "spare")
    keys = Keys.open(path, spare.recipients[0])
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keys.open(path, spare.recipients[0]).mark == keys.mark != Keys.open(path).mark
    locked = lock(keys, b"re", b"", b"cord")
    assert unlock(keys, locked) == unlock(spare, locked) == b"record"
    with pytest.raises(LockedPackageError):
        unlock(keys, locked[:-1] + bytes([locked[-1] ^ 1]))
    with pytest.raises(LockedPackageError):
        unlock(spare, lock(Keys.open(path), b"record"))
    with pytest.raises(UnusableKeyError):
        Keys.open(path, "age1nobody")


def test_what_stops_the_pieces_is_what_is_raised(tmp_path: Path) -> None:
    def stopped() -> Iterator[bytes]:
        yield b"a"
        raise DamagedFileError("0" * 64)

    with pytest.raises(DamagedFileError):
        Keys.open(tmp_path / "key").lock(stopped(), io.BytesIO())
