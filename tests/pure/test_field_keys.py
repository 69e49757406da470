"""The keys of encrypted fields: the right one opens, a wrong one and a tampered value do not, an older one still does."""

import pytest

from aftersales.record.ciphers import MARK, FieldKeys, Unreadable

OLD, NEW = "o" * 32, "n" * 32


def test_what_is_sealed_says_nothing_and_opens_again() -> None:
    keys = FieldKeys([NEW])
    sealed = keys.seal("闻人若溪")
    assert sealed.startswith(MARK)
    assert "闻人" not in sealed
    assert keys.open(sealed) == "闻人若溪"
    assert keys.seal("闻人若溪") != sealed  # two patients of one name do not look alike


def test_a_wrong_key_opens_nothing() -> None:
    with pytest.raises(Unreadable):
        FieldKeys([NEW]).open(FieldKeys([OLD]).seal("闻人若溪"))


@pytest.mark.parametrize("place", [len(MARK) + 20, -1, -30])
def test_a_tampered_value_is_not_taken_for_another(place: int) -> None:
    keys = FieldKeys([NEW])
    letters = list(keys.seal("闻人若溪"))
    letters[place] = "A" if letters[place] != "A" else "B"
    with pytest.raises(Unreadable):
        keys.open("".join(letters))


def test_an_older_key_still_opens_and_the_newest_writes() -> None:
    sealed, rotated = FieldKeys([OLD]).seal("闻人若溪"), FieldKeys([NEW, OLD])
    assert rotated.open(sealed) == "闻人若溪"
    assert not rotated.is_newest(sealed)
    assert rotated.is_newest(rotated.seal("闻人若溪"))


def test_an_exact_value_is_found_however_it_is_typed_and_under_older_keys() -> None:
    old, rotated = FieldKeys([OLD]), FieldKeys([NEW, OLD])
    assert old.index("ZY-0088") == old.index(" zy-００88 ") != old.index("ZY-0089")
    assert old.index("ZY-0088") in rotated.indexes("ZY-0088")
    assert rotated.index("ZY-0088") != old.index("ZY-0088")


def test_there_is_no_encryption_without_a_key() -> None:
    with pytest.raises(ValueError, match="no key"):
        FieldKeys([])
