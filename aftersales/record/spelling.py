"""Names by the initials of their pinyin, as people type them: zw for 张伟, yqqrmyy for 云桥区人民医院."""

import re
from functools import lru_cache

# Before the initials in the search text. Two bytes, so that even two letters have a gram of their own: see record/search.py.
MARK = "ˇ"
_LETTERS = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """The initials of `name`, letters and digits kept; by the words of the dictionary, so that 重庆 is cq. "" without Chinese."""
    if name.isascii():
        return ""
    from pypinyin import Style, lazy_pinyin  # its dictionary takes a moment to load, and only who writes names needs it

    return "".join(_LETTERS.findall("".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda rest: rest)).lower()))
