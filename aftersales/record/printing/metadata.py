"""The XMP packet of a printed record: what PDF/A asks for, and the hash of the attached record under a namespace of our own."""

from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "urn:aftersales:record:1#"
HASH_TAG = f"{{{NAMESPACE}}}sha256"

# PDF/A knows no foreign property without its description (ISO 19005-3, 6.6.2.3).
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="3" pdfaid:conformance="B"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{lang}</rdf:li></rdf:Bag></dc:language></rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate={created} xmp:ModifyDate={created}/>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" pdf:Producer={producer}/>
<rdf:Description rdf:about="" xmlns:record="{namespace}" record:sha256="{digest}"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Printed record</pdfaSchema:schema><pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>record</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>sha256</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>
<pdfaProperty:description>SHA-256 of the attached record.json, hexadecimal</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def xmp_packet(*, title: str, lang: str, created: datetime, producer: str, record_sha256: str) -> bytes:
    values = {"title": escape(title), "lang": escape(lang), "created": quoteattr(w3c_date(created)), "producer": quoteattr(producer)}
    return _PACKET.format(**values, namespace=NAMESPACE, digest=record_sha256).encode()


def record_hash(packet: bytes) -> str | None:
    """The hexadecimal SHA-256 an XMP packet promises for the attached record; None where it promises none."""
    return next((element.get(HASH_TAG) for element in ElementTree.fromstring(packet).iter() if element.get(HASH_TAG)), None)


def w3c_date(moment: datetime) -> str:
    """UTC to the second, as XMP writes it; the Info dictionary must say the same moment (ISO 19005-3, 6.6.2)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
