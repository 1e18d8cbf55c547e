"""The one pattern of a usual XML signature in canonical octets; see :mod:`vndoc.signature._xmldsig_usual`."""

from __future__ import annotations

import re
from typing import Final

from vndoc.signature._xmldsig_names import DS, ENVELOPED
from vndoc.signature._xmldsig_short import WORD

__all__ = ["IDS", "STRICT", "USUAL"]

_HEAD: Final = r"""
<(?P<p>(?:(?P<pn>[^ <>"&=:/]++):)?)SignatureDECLARED{ID:i0}>_
(?P<info><PSignedInfo(?P<at0>){ID:i1}>_
<PCanonicalizationMethod\ Algorithm="(?P<form>[^"]*+)"></PCanonicalizationMethod>_
<PSignatureMethod\ Algorithm="(?P<method>[^"]*+)"></PSignatureMethod>_
<PReference{ID:i2}\ URI="">_
<PTransforms>_
<PTransform\ Algorithm="ENVELOPED"></PTransform>_
(?:<PTransform\ Algorithm="(?P<form1>[^"]*+)"></PTransform>_)?+
</PTransforms>_
<PDigestMethod\ Algorithm="(?P<digest1>[^"]*+)"></PDigestMethod>_
<PDigestValue>(?P<value1>[^<]*+)</PDigestValue>_
</PReference>_
(?:<PReference{ID:i3}\ Type="(?P<type2>[^"]*+)"\ URI="\#(?P<uri2>[A-Za-z0-9_.-]++)">_
(?:<PTransforms>_<PTransform\ Algorithm="(?P<form2>[^"]*+)"></PTransform>_</PTransforms>_)?+
<PDigestMethod\ Algorithm="(?P<digest2>[^"]*+)"></PDigestMethod>_
<PDigestValue>(?P<value2>[^<]*+)</PDigestValue>_
</PReference>_)?+
</PSignedInfo>)_
<PSignatureValue{ID:i4}>(?P<value>[^<]*+)</PSignatureValue>_
<PKeyInfo{ID:i5}>(?:(?P<word>WORD)</P|(?P<certificates>_<PX509Data>_
(?:<PX509Certificate>[^<]*+</PX509Certificate>_)++</PX509Data>_</P))KeyInfo>_
"""
_OBJECT: Final = r"""
(?P<object><PObject{ID:i6}>_
<(?P<x>(?:(?P<xn>[^ <>"&=:/]++):)?)QualifyingProperties
(?:\ xmlns(?(xn):(?P=xn)|)="(?P<namespace>[^"]*+)")?+{ID:i7}\ Target="\#(?P<target>[^"]*+)">_
(?P<signed><XSignedProperties(?P<at1>)\ Id="(?P<i8>[^"]*+)">_
<XSignedSignatureProperties>_
<XSigningTime>(?P<time>[^<]*+)</XSigningTime>_
<XSigningCertificate(?P<v2>(?:V2)?+)>_<XCert>_<XCertDigest>_
<PDigestMethod(?P<at2>)\ Algorithm="(?P<digest3>[^"]*+)"></PDigestMethod>_
<PDigestValue(?P<at3>)>(?P<value3>[^<]*+)</PDigestValue>_
</XCertDigest>_
(?:<XIssuerSerialV2>[^<]*+</XIssuerSerialV2>_
|<XIssuerSerial>_<PX509IssuerName(?P<at4>)>[^<]*+</PX509IssuerName>_
<PX509SerialNumber(?P<at5>)>[^<]*+</PX509SerialNumber>_</XIssuerSerial>_)?+
</XCert>_</XSigningCertificate(?P=v2)>_
</XSignedSignatureProperties>_
(?:<XSignedDataObjectProperties>_
<XDataObjectFormat\ ObjectReference="(?P<object_reference>[^"]*+)">_
(?:<XDescription>(?P<description>[^<]*+)</XDescription>_)?+
<XMimeType>(?P<mime_type>[^<]*+)</XMimeType>_
</XDataObjectFormat>_</XSignedDataObjectProperties>_)?+
</XSignedProperties>)_
</XQualifyingProperties>_</PObject>_)?+
</PSignature>
"""


def _compiled(pattern: str, declared: str) -> re.Pattern[bytes]:
    """Return *pattern*, where ``P`` and ``X`` before a name stand for the two prefixes, ``_`` for white space.

    *declared* is what may be declared with the signature.
    """
    pattern = pattern.replace("DECLARED", declared)
    pattern = re.sub(r"(</?)P(?=[A-Z)|])", r"\1(?P=p)", pattern)
    pattern = re.sub(r"(</?)X(?=[A-Z])", r"\1(?P=x)", pattern)
    pattern = re.sub(r"(>\)?)_", r"\1[ \\t\\n]*+", pattern)
    pattern = pattern.replace("ENVELOPED", re.escape(ENVELOPED)).replace("WORD", re.escape(WORD.decode()))
    return re.compile(pattern.encode("ascii"), re.VERBOSE)


def _strictly(pattern: str) -> str:
    """Return *pattern* with names, values and texts of printable US-ASCII that stand for themselves in any XML."""
    pattern = pattern.replace(_PREFIX, "(?!xml)[A-Za-z_][A-Za-z0-9_.-]*+")
    pattern = pattern.replace('[^"]', r'[^\x00-\x1F"<>&\x7F-\xFF]')
    return pattern.replace("[^<]", r"[^\x00-\x09\x0B-\x1F<>&\x7F-\xFF]")


_PREFIX: Final = '[^ <>"&=:/]++'
_PATTERN: Final = re.sub(r"\{ID:(\w+)\}", r'(?:\\ Id="(?P<\1>[^"]*+)")?+', _HEAD + _OBJECT)
USUAL: Final = _compiled(_PATTERN, rf'(?:\ xmlns(?::{_PREFIX})?="[^"]*+")*+')
STRICT: Final = _compiled(_strictly(_PATTERN), rf'\ xmlns(?(pn):(?P=pn)|)="{re.escape(DS)}"')
"""The same where it is not known that the octets are canonical: there is no ``<`` or ``>`` but those of tags, and no
namespace is declared that is not used."""
IDS: Final = tuple(f"i{number}" for number in range(9))
"""The groups of the pattern that hold Ids."""
