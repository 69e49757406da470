"""What is known about a printed record after reading its file."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from .container import Container, TimeStamp
from .words import Language, Problem

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

_LABELS = {
    "verdict": ("结论", "Verdict"),
    "company": ("签名单位", "Signed for"),
    "signed_by": ("归档人", "Sealed by"),
    "reason": ("签名原因", "Reason"),
    "signed_at": ("签名时间", "Signed at"),
    "stamp": ("时间戳", "Time stamp"),
    "fingerprint": ("证书指纹", "Certificate (SHA-256)"),
    "record": ("记录数据", "Record data"),
    "file": ("文件哈希", "File (SHA-256)"),
}
_SENTENCES = {
    "genuine": ("真实、完整，签名证书可信", "Genuine and complete, signed with a trusted certificate"),
    "undecided": (
        "完整，未被改动；未提供可信证书，不能断定签名人",
        "Complete and unaltered; without a trusted certificate its signer stays open",
    ),
    "false": ("有问题，不能作为凭证", "There are problems; it proves nothing"),
    "none": ("无", "none"),
}


@dataclass(frozen=True)
class Verdict:
    """The result of a verification. Facts are given only as far as the signature vouches for them: where it is broken they are None."""

    sha256: str
    problems: tuple[Problem, ...]
    company: str | None = None
    signed_by: str | None = None
    reason: str | None = None
    signed_at: datetime | None = None
    fingerprint: str | None = None
    container: Container | None = None
    is_trusted: bool | None = None
    """None where no trusted certificate was given to compare with."""
    time_stamp: TimeStamp | None = None
    record: dict[str, object] | None = None
    record_sha256: str | None = None

    @property
    def is_genuine(self) -> bool:
        """Whole, unaltered and signed by someone we trust."""
        return not self.problems and self.is_trusted is True

    @property
    def outcome(self) -> str:
        """ "genuine", "undecided" (unaltered, but nobody to compare the certificate with) or "false"."""
        if self.problems:
            return "false"
        return "genuine" if self.is_trusted else "undecided"

    def words(self, language: Language = "zh") -> str:
        """The verdict as lines of text, problems first."""
        column = 0 if language == "zh" else 1
        colon = "：" if language == "zh" else ": "
        none = _SENTENCES["none"][column]
        facts = {
            "company": self.company,
            "signed_by": self.signed_by,
            "reason": self.reason,
            "signed_at": _local(self.signed_at),
            "stamp": f"{_local(self.time_stamp.at)} {self.time_stamp.authority}" if self.time_stamp else none,
            "fingerprint": self.fingerprint,
            "record": json.dumps(self.record, ensure_ascii=False) if self.record is not None else none,
            "file": self.sha256,
        }
        lines = [_LABELS["verdict"][column] + colon + _SENTENCES[self.outcome][column]]
        lines += ["  ✗ " + problem.words(language) for problem in self.problems]
        lines += [_LABELS[name][column] + colon + fact for name, fact in facts.items() if fact is not None]
        return "\n".join(lines)


def _local(moment: datetime | None) -> str | None:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if moment else None
