"""What a verification says it found and where, in both languages."""

from dataclasses import dataclass
from enum import StrEnum, auto


class Found(StrEnum):
    entry_altered = auto()
    entry_forged = auto()
    entry_missing = auto()
    entry_repeated = auto()
    entry_unlisted = auto()
    entry_relisted = auto()
    chain_broken = auto()
    leaf_altered = auto()
    leaf_missing = auto()
    leaf_extra = auto()
    node_altered = auto()
    head_altered = auto()
    head_missing = auto()
    root_differs = auto()
    log_shorter = auto()
    log_differs = auto()
    evidence_damaged = auto()
    value_differs = auto()
    record_missing = auto()
    record_untracked = auto()
    file_missing = auto()
    file_damaged = auto()


_WORDS = {
    Found.entry_altered: ("这条留痕的内容被改动", "this entry was altered"),
    Found.entry_forged: ("这条留痕不是由本系统写入的（校验标签不符）", "this entry was not written by the program (its tag is wrong)"),
    Found.entry_missing: ("这条留痕被删除", "this entry was deleted"),
    Found.entry_repeated: ("这条留痕的序号重复", "this entry repeats a sequence number"),
    Found.entry_unlisted: ("这条留痕既不在总日志中，也不在待入日志之列", "this entry is neither in the log nor waiting for it"),
    Found.entry_relisted: ("这条留痕已在总日志中，却又被列为待入", "this entry is in the log and yet listed as waiting"),
    Found.chain_broken: ("这条留痕与前一条不衔接", "this entry does not follow from the one before"),
    Found.leaf_altered: ("总日志中对应的位置与这条留痕不符", "its place in the log does not agree with this entry"),
    Found.leaf_missing: ("总日志缺少一个位置", "a place of the log is missing"),
    Found.leaf_extra: ("总日志中有未经签署的位置", "the log has a place that no signed head covers"),
    Found.node_altered: ("总日志的内部节点与其下的位置不符", "an inner node of the log does not agree with the leaves below it"),
    Found.head_altered: ("已签署的日志头被改动", "a signed head of the log was altered"),
    Found.head_missing: ("已签署的日志头之前缺少一个，或前一个被改动", "the signed head before this one is missing or was altered"),
    Found.root_differs: ("总日志与签署时不符", "the log is not what was signed"),
    Found.log_shorter: (
        "总日志比库外留存的日志头短：被截断，或数据库被换成旧的状态",
        "the log is shorter than a head kept outside: cut off, or an older database put back",
    ),
    Found.log_differs: (
        "总日志与库外留存的日志头不符：数据库曾被换成旧的状态",
        "the log differs from a head kept outside: an older database was put back",
    ),
    Found.evidence_damaged: ("库外留存的证据有一行无法读取或不可信", "a line of the evidence kept outside cannot be read or trusted"),
    Found.value_differs: (
        "记录现值与留痕不符：被绕过程序改动",
        "the value now differs from the trail: it was changed behind the program's back",
    ),
    Found.record_missing: (
        "留痕中存在的记录已不在：被绕过程序删除",
        "a record of the trail is gone: it was deleted behind the program's back",
    ),
    Found.record_untracked: ("记录没有留痕：被绕过程序添加", "a record without a trail: it was added behind the program's back"),
    Found.file_missing: ("记录的文件已不在存储中", "a file of the record is no longer in the store"),
    Found.file_damaged: ("记录的文件已损坏或被改动", "a file of the record was damaged or altered"),
}


@dataclass(frozen=True)
class Finding:
    """One damage and its place, as far as it is known. `place` and `detail` are language-free ("leaves 4–7", "title: …")."""

    found: Found
    kind: str | None = None
    record_id: int | None = None
    sequence: int | None = None
    entry_id: str | None = None
    place: str = ""
    detail: str = ""

    def words(self, lang: str) -> str:
        """What was found, without where."""
        return _WORDS[self.found][0 if lang == "zh" else 1]

    @property
    def zh(self) -> str:
        return self._say(_WORDS[self.found][0], "：", "记录", "第", "条")

    @property
    def en(self) -> str:
        return self._say(_WORDS[self.found][1], ": ", "record", "entry", "")

    def _say(self, words: str, colon: str, record: str, before: str, after: str) -> str:
        where = [f"{record} {self.kind} {self.record_id}"] if self.kind is not None else []
        where += [f"{before} {self.sequence} {after}".strip()] if self.sequence is not None else []
        where += [part for part in (self.place, f"[{self.entry_id}]" if self.entry_id else "") if part]
        return " ".join(where) + (colon if where else "") + words + (f" ({self.detail})" if self.detail else "")
