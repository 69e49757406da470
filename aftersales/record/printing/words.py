"""What a verification can find, in words. Not in the pages' catalogue: the verifying command runs without Flask, on anyone's machine."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]

_WORDS: dict[str, tuple[str, str]] = {
    "unreadable": ("文件已损坏，不能作为 PDF 读取", "The file is damaged and cannot be read as a PDF"),
    "unsigned": ("文件没有签名", "The file is not signed"),
    "many_signatures": ("文件有不止一个签名", "The file has more than one signature"),
    "altered": ("签名之后内容被改动", "The content was altered after signing"),
    "signature_invalid": ("签名无效", "The signature is not valid"),
    "not_whole": ("签名之后又追加了内容，或签名没有覆盖整个文件", "Something was appended after signing, or the signature skips a part"),
    "container_altered": ("签名数据本身被改动", "The signature's own data were altered"),
    "certificate_unknown": ("签名证书不在可信证书之列", "The signing certificate is not among the trusted ones"),
    "certificate_expired": ("签名时证书不在有效期内", "The certificate was not valid at the time of signing"),
    "stamp_invalid": ("时间戳无效", "The time stamp is not valid"),
    "record_missing": ("没有附带记录数据 record.json", "The record's data (record.json) are not attached"),
    "record_unreadable": ("附带的记录数据不是有效的 JSON", "The attached data are not valid JSON"),
    "record_hash_missing": ("文件没有写明记录数据的哈希值", "The file does not state the hash of the record's data"),
    "record_hash_differs": ("附带的记录数据与文件写明的哈希值不符", "The attached data do not match the hash stated in the file"),
    "pdfa_identification": ("没有标明 PDF/A-3b", "It does not identify itself as PDF/A-3b"),
    "pdfa_output_intent": ("缺少带 ICC 特性文件的输出意图", "There is no output intent with an ICC profile"),
    "pdfa_font": ("字体没有嵌入", "A font is not embedded"),
    "pdfa_encrypted": ("文件被加密", "The file is encrypted"),
    "pdfa_script": ("文件含有脚本或自动动作", "The file contains a script or an automatic action"),
    "pdfa_trailer_id": ("文件尾缺少标识 (ID)", "The trailer has no identifier (ID)"),
    "pdfa_attachment": ("附件没有说明与文件的关系", "An attachment does not state its relationship to the document"),
    "pdfa_transparency": ("透明内容没有混合色彩空间", "Transparent content has no blending colour space"),
    "pdfa_image": ("图像要求插值平滑", "An image asks to be smoothed"),
    "pdfa_annotation": ("注释不可打印或没有外观", "An annotation does not print or has no appearance"),
    "pdfa_external": ("文件引用了外部内容", "The file refers to content outside itself"),
    "pdfa_metadata": ("元数据无法读取", "The metadata cannot be read"),
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `code` is a key of the words above, `detail` names the place (a font, a date)."""

    code: str
    detail: str = ""

    def words(self, language: Language = "zh") -> str:
        text = _WORDS[self.code][0 if language == "zh" else 1]
        if not self.detail:
            return text
        return f"{text}：{self.detail}" if language == "zh" else f"{text}: {self.detail}"
