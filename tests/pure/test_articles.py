"""The article of a rule, in the words of an English page."""

import pytest

from aftersales.labels import article_in_english

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("article", "told"),
    [
        ("第九条", "art. 9"), ("第十五条", "art. 15"), ("第二十条", "art. 20"), ("第四十五条（四）", "art. 45 (4)"),
        ("第一百零五条", "art. 105"), ("第三十二条、第三十八条", "art. 32, art. 38"), ("四、2", "4, 2"), ("3.4.1", "3.4.1"),
        ("个例报告内控时限", ""), ("", ""),
    ],
)  # fmt: skip
def test_numbers_are_told_and_words_left_out(article: str, told: str) -> None:
    assert article_in_english(article) == told
