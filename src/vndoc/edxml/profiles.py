"""Profiles: how a packet is written for a peer, and what the peer accepts. A profile is a plain value.

``qcvn-102`` writes what the standard says: honest labels, raw attachments. ``vxp`` writes as the vendor's
writer of the national axis does, to the byte. The others are ``qcvn-102`` with limits of a peer.

Make your own with :func:`attrs.evolve` and pass the value wherever a profile name is accepted.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import attrs

from vndoc.edxml.packing import ZIP_LABEL
from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["LABELS", "PROFILES", "QCVN_102", "VXP", "Profile", "honest_label", "profile_of"]

_MIB = 1024 * 1024

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt": "application/vnd.oasis.opendocument.text",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "rtf": "application/rtf",
        "txt": "text/plain",
        "csv": "text/csv",
        "html": "text/html",
        "xml": "application/xml",
        "json": "application/json",
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "gif": "image/gif",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "zip": ZIP_LABEL,
        "rar": "application/vnd.rar",
        "7z": "application/x-7z-compressed",
        "p7s": "application/pkcs7-signature",
        "p7m": "application/pkcs7-mime",
        "asics": "application/vnd.etsi.asic-s+zip",
        "asice": "application/vnd.etsi.asic-e+zip",
    }
)
"""Media type by extension, for honest labels. Source: the IANA registry of media types."""


def honest_label(extension: str) -> str:
    """Return the media type for *extension* (lower case, no dot), ``application/octet-stream`` if unknown."""
    return LABELS.get(extension, "application/octet-stream")


def _frozen(mapping: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(mapping))


@attrs.frozen(kw_only=True)
class Profile:
    """How to write for a peer, and what it accepts.

    Layout: ``line_end``, ``indent``, ``trim_text`` (leading and trailing white space of texts is dropped),
    ``always`` (path below ``MessageHeader`` -> text that the peer writes where the value is absent),
    ``omitted_attributes``. Attachments: ``keep_wire`` (an untouched attachment is written as it came),
    ``raw_labels`` (extension -> label of what travels raw; all else is zipped; ``None``: all raw with
    honest labels), ``extension_case`` (whether the extension must match in case), ``reference_label`` (what the
    manifest says for every file; ``None``: the label itself). A file that a reader would take for a packed one, such as
    a zip called ``a.bin``, is zipped whatever the profile says; one called ``a.ZIP``, which no reader unpacks, is not.
    ``strict``: only values that no deviation would name, from a regular sender code, are written; a signature only if
    it is XML-DSig. Codes of other agencies and document ids are carried as they are, and ``Bussiness`` may be absent.
    Peer limits: ``None`` for none.
    """

    name: str
    title: Text
    line_end: str = "\r\n"
    indent: str = "  "
    trim_text: bool = False
    always: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen, hash=False)
    omitted_attributes: frozenset[str] = frozenset()
    keep_wire: bool = False
    raw_labels: Mapping[str, str] | None = attrs.field(
        default=None, converter=attrs.converters.optional(_frozen), hash=False
    )
    extension_case: bool = False
    reference_label: str | None = None
    strict: bool = True
    organ_code_length: int | None = None
    organ_code_groups: int | None = None
    packet_bytes: int | None = None
    attachment_bytes: int | None = None
    attachment_name_length: int | None = None
    attachment_name_ascii: bool = False

    def __reduce__(self) -> tuple[Callable[[], Profile], tuple[()]]:
        """Return how to make an equal profile: read-only mappings can be neither pickled nor copied."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in attrs.fields(Profile)}
        for name in ("always", "raw_labels"):
            values[name] = None if values[name] is None else dict(values[name])
        return partial(type(self), **values), ()


QCVN_102 = Profile(
    name="qcvn-102",
    title=Text("Đúng theo QCVN 102:2016 và Sửa đổi 1:2022", "As QCVN 102:2016 and SD1:2022 say"),
)
"""What the standard says: honest labels, raw attachments, nothing that a deviation would name."""

VXP = Profile(
    name="vxp",
    title=Text("Như bộ thư viện của trục liên thông văn bản quốc gia", "As the writer of the national axis"),
    trim_text=True,
    always={"OtherInfo/Direction": "false"},
    omitted_attributes=frozenset({"mustUnderstand", "actor"}),
    keep_wire=True,
    raw_labels=MappingProxyType(
        {
            "pdf": "application/pdf",
            "doc": "application/doc",
            "docx": "application/docx",
            "zip": ZIP_LABEL,
        }
    ),
    extension_case=True,
    reference_label=ZIP_LABEL,
    strict=False,
)
"""As the vendor's writer of the national axis writes, to the byte."""

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            QCVN_102,
            VXP,
            attrs.evolve(
                QCVN_102,
                name="qcvn-102-2016",
                title=Text(
                    "QCVN 102:2016 trước Sửa đổi 1:2022: mã định danh 13 ký tự",
                    "QCVN 102:2016 before SD1:2022: agency codes of 13 characters",
                ),
                organ_code_length=13,
            ),
            attrs.evolve(
                QCVN_102,
                name="bkav",
                title=Text(
                    "Trục eDoc của Bkav: mã định danh tối đa 4 nhóm", "Bkav eDoc axis: at most 4 groups in a code"
                ),
                organ_code_groups=4,
            ),
            attrs.evolve(
                QCVN_102,
                name="lgsp-lang-son",
                title=Text("LGSP Lạng Sơn: tệp đính kèm tối đa 50 MB", "Lạng Sơn LGSP: attachments up to 50 MB"),
                attachment_bytes=50 * _MIB,
            ),
            attrs.evolve(
                QCVN_102,
                name="ninh-binh",
                title=Text(
                    "Ninh Bình (QĐ 161/2025): tên tệp tối đa 50 ký tự không dấu, dung lượng tối đa 50 MB",
                    "Ninh Bình (decision 161/2025): file names up to 50 characters without diacritics, 50 MB",
                ),
                attachment_bytes=50 * _MIB,
                attachment_name_length=50,
                attachment_name_ascii=True,
            ),
        )
    }
)
"""The built-in profiles by name."""


def profile_of(profile: str | Profile) -> Profile:
    """Return the profile called *profile*, or *profile* itself.

    Raises :class:`~vndoc.errors.UsageError` ``unknown-profile`` with the known names.
    """
    if isinstance(profile, Profile):
        return profile
    try:
        return PROFILES[profile]
    except KeyError:
        near = difflib.get_close_matches(str(profile), PROFILES, n=1)
        known = ", ".join([*near, *(name for name in PROFILES if name not in near)])
        raise UsageError("unknown-profile", found=str(profile), known=known) from None
