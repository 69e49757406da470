"""What a person reads on a page: its text, the words of its fields, and nothing of its markup."""

import re
from dataclasses import dataclass

from lxml import html

SPOKEN = ("placeholder", "aria-label", "title", "alt")
SNAKE = re.compile(r"(?<![\w/.@-])[a-z]+(?:_[a-z0-9]+)+(?![\w/.])")
NOTHING = re.compile(r"\b(None(?! yet)|undefined|NaN|Undefined|object at 0x)\b")
MACHINE_TIME = re.compile(r"(?<!occurred_at = )\d{4}-\d\d-\d\dT\d\d:\d\d")  # the message of a webhook is shown as it was sent
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
ENGLISH = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[ ,;:]+[A-Za-z][A-Za-z'’-]*){2,}")


@dataclass(frozen=True)
class Reading:
    """The pieces of text of one page, each as it stands between two tags or in one attribute that is read aloud or shown."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, page: str) -> "Reading":
        tree = html.fromstring(page)
        for unseen in tree.xpath("//script | //style | //head/meta | //template"):
            unseen.drop_tree()
        texts = [*tree.itertext(), *(node.get(name) for name in SPOKEN for node in tree.xpath(f"//*[@{name}]"))]
        return cls(tuple(dict.fromkeys(" ".join(text.split()) for text in texts if text and text.strip())))

    def nothings(self) -> list[str]:
        """Where a value was missing and Python's word for it stands, or a time as programs write it."""
        return [piece for piece in self.pieces if NOTHING.search(piece) or MACHINE_TIME.search(piece)]

    def identifiers(self, names: frozenset[str], data: frozenset[str]) -> list[str]:
        """Names of the program: anything_written_so that is no entry of the company's own, and a piece that is one of `names`."""
        found = [match[0] for piece in self.pieces for match in SNAKE.finditer(piece) if match[0] not in data]
        return found + [piece for piece in self.pieces if piece in names - data]

    def english(self, proper: re.Pattern[str], data: str) -> list[str]:
        """Three English words and more in a row, and nowhere in the data."""
        runs = [match[0] for piece in self.pieces for match in ENGLISH.finditer(proper.sub("·", piece))]
        return [run for run in dict.fromkeys(runs) if run not in data]

    def chinese(self, data: str) -> list[str]:
        """Chinese that is nowhere in the data."""
        runs = [run for piece in self.pieces for run in CHINESE.findall(piece)]
        return [run for run in dict.fromkeys(runs) if run not in data]
