"""Hypothesis strategies for packets that may be written: every element of both kinds, present or absent.

What they make obeys the strict rules: a packet of :func:`documents` or :func:`statuses`, written with the profile
``qcvn-102``, has no deviation when it is read again.
"""

from __future__ import annotations

import io
import string
import zipfile
from typing import TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from vndoc.edxml.packing import name_oddity
from vndoc.envelope import (
    Attachment,
    Bussiness,
    BussinessDocumentInfo,
    DocumentPacket,
    DocumentType,
    Organization,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    ReplacementInfo,
    ResponseFor,
    SignatureMarkup,
    SignerInfo,
    StaffInfo,
    StatusPacket,
    TraceHeader,
    TraceHeaderList,
)
from vndoc.identifiers import DocumentCode, DocumentId, OrganCode

__all__ = [
    "ILLEGAL",
    "attachments",
    "contents",
    "documents",
    "organ_codes",
    "organizations",
    "signatures",
    "statuses",
    "texts",
]

_T = TypeVar("_T")

ILLEGAL = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)))
"""Characters that no XML text may hold, apart from surrogates."""

XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"

_CHARACTERS = st.characters(codec="utf-8", exclude_characters=ILLEGAL)
_VIETNAMESE = st.sampled_from("aăâđêôơưáàảãạƯỨỬ 0123456789/-,.&<>\"'\r\n\t\u00a0\u0301\U0001f4dc")


def maybe(strategy: SearchStrategy[_T]) -> SearchStrategy[_T | None]:
    """Return a strategy that gives nothing or a value of *strategy*."""
    return st.none() | strategy


def texts(most: int = 12) -> SearchStrategy[str]:
    """Return a strategy for texts of 1 to *most* characters that are legal in XML and not blank."""
    return st.text(_VIETNAMESE | _CHARACTERS, min_size=1, max_size=most).filter(lambda text: not text.isspace())


_LEVEL1 = st.builds("{}{:02d}".format, st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXY"), st.integers(1, 99))
_GROUP = st.text(string.digits + string.ascii_uppercase, min_size=1, max_size=4)


def organ_codes() -> SearchStrategy[OrganCode]:
    """Return a strategy for codes that obey the rules, of all kinds."""
    present = st.builds(lambda first, rest: ".".join((first, *rest)), _LEVEL1, st.lists(_GROUP, max_size=4))
    old = st.builds(
        "{:03d}.{:02d}.{:02d}.{}".format, st.integers(0, 999), st.integers(0, 99), st.integers(0, 99), _LEVEL1
    )
    others = st.sampled_from(["0101234567", "0101234567-001", "Z01ABC", "00.53.W00"])
    return (present | old | others).map(OrganCode).filter(lambda code: code.is_regular)


_NUMBERS = st.integers(1, 9999).map("{:02d}".format)
_NOTATIONS = st.sampled_from(["TB-UBND", "QĐ-UBND", "2026/NĐ-CP", "UBND-VP", "BC-SNV#1"])


def document_ids() -> SearchStrategy[str]:
    """Return a strategy for document ids of the two forms that are no deviation."""
    bare = _NOTATIONS.map(lambda text: text.partition("#")[0])
    first = st.builds(DocumentId.form_a, organ_codes(), st.dates(), _NUMBERS, bare)
    second = st.builds(DocumentId.form_b, organ_codes(), st.integers(1000, 9999), st.integers(1, 10**6))
    return (first | second).map(str)


def organizations() -> SearchStrategy[Organization]:
    """Return a strategy for ``From`` and ``To``."""
    return st.builds(
        Organization,
        organ_id=organ_codes(),
        organ_name=texts(),
        **{
            name: maybe(texts())
            for name in ("organization_in_charge", "organ_add", "email", "telephone", "fax", "website")
        },
    )


def _filled(value: object) -> bool:
    return any(getattr(value, field.name) not in (None, ()) for field in attrs.fields(type(value)))


def _some(strategy: SearchStrategy[_T]) -> SearchStrategy[_T]:
    """Return *strategy* without blocks in which nothing stands: these are not written."""
    return strategy.filter(_filled)


_STAFF = _some(
    st.builds(
        StaffInfo,
        **{name: maybe(texts()) for name in ("department", "department_id", "staff", "staff_id", "email", "mobile")},
    )
)
_RESPONSE = _some(
    st.builds(
        ResponseFor,
        organ_id=maybe(organ_codes()),
        code=maybe(texts()),
        document_id=maybe(document_ids()),
        promulgation_date=maybe(st.dates()),
    )
)
_MOMENTS = st.datetimes().map(lambda value: value.replace(microsecond=0))
_FLAG = maybe(st.integers(0, 1))


def _list(strategy: SearchStrategy[_T], least: int = 0) -> SearchStrategy[tuple[_T, ...]]:
    return st.lists(strategy, min_size=least, max_size=least + 2).map(tuple)


_BUSSINESS = st.builds(
    Bussiness,
    document_id=maybe(document_ids()),
    bussiness_doc_type=st.integers(0, 3),
    bussiness_doc_reason=maybe(texts()),
    paper=_FLAG,
    bussiness_document_info=maybe(
        _some(
            st.builds(
                BussinessDocumentInfo,
                document_info=_FLAG,
                document_receiver=_FLAG,
                receiver_list=_list(st.builds(Receiver, organ_id=organ_codes(), receiver_type=st.integers(0, 1))),
            )
        )
    ),
    replacement_info_list=_list(
        st.builds(ReplacementInfo, document_id=document_ids(), organ_id_list=_list(organ_codes()))
    ),
    staff_info=_list(_STAFF),
)
_TRACE = st.builds(
    TraceHeaderList,
    **{name: maybe(st.text(_CHARACTERS, max_size=5)) for name in ("id", "version", "must_understand", "actor")},
    bussiness=_BUSSINESS,
    trace_headers=_list(st.builds(TraceHeader, organ_id=organ_codes(), timestamp=_MOMENTS), least=1),
)


def contents() -> SearchStrategy[bytes]:
    """Return a strategy for the octets of files: any, and zips that could be mistaken for packed files."""
    zips = st.dictionaries(st.sampled_from(["a.txt", "../b", "d/", "e"]), st.binary(max_size=9), max_size=2).map(_zip)
    return st.binary(max_size=40) | zips | zips.map(lambda data: data[:-5]) | st.just(b"PK\x03\x04")


def _zip(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


_STEMS = st.text(_CHARACTERS, min_size=1, max_size=8)
_ENDINGS = st.sampled_from(["", ".pdf", ".PDF", ".docx", ".xlsx", ".txt", ".zip", ".doc", ".", ".a b", ".Ê" * 30])


def attachments() -> SearchStrategy[Attachment]:
    """Return a strategy for files to send; the name is a plain one, the label is left to the writer or not."""
    names = st.builds(str.__add__, _STEMS, _ENDINGS).filter(lambda name: name.strip() and name_oddity(name) is None)
    labels = maybe(
        st.sampled_from(["application/pdf", "application/zip", "application/x-zip-compressed", "text/plain"])
    )
    return st.builds(Attachment.of, contents(), name=names, description=maybe(texts()), label=labels)


def _numbered(files: list[Attachment]) -> tuple[Attachment, ...]:
    return tuple(
        file.evolve(content_id=[None, f"cid:{number}", f"x{number}", f"cid:cid:y-{number}"][number % 4])
        for number, file in enumerate(files)
    )


_NAMES = st.sampled_from(["SignedInfo", "Reference", "KeyInfo", "X509Data", "Object"])
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(["Id", "URI", "{urn:mau}Id", "{http://www.w3.org/XML/1998/namespace}lang", f"{{{XMLDSIG}}}Id"]),
    st.text(_CHARACTERS, max_size=6),
    max_size=3,
).map(lambda found: tuple(found.items()))


def _joined(children: list[SignatureMarkup | str]) -> tuple[SignatureMarkup | str, ...]:
    """Return *children* without two texts in a row, which a reader would give as one."""
    kept: list[SignatureMarkup | str] = []
    for child in children:
        if not (isinstance(child, str) and kept and isinstance(kept[-1], str)):
            kept.append(child)
    return tuple(kept)


def signatures() -> SearchStrategy[SignatureMarkup]:
    """Return a strategy for trees in the namespace of XML-DSig, in all layouts of prefixes and white space."""
    text = st.text(_CHARACTERS, min_size=1, max_size=6)
    spaces = st.sampled_from([(XMLDSIG, None), (XMLDSIG, "ds"), ("urn:mau", "m"), ("urn:mau", None), (None, None)])
    inner = st.recursive(
        text,
        lambda below: st.builds(
            lambda name, space, attributes, children: SignatureMarkup(
                name=name, namespace=space[0], prefix=space[1], attributes=attributes, children=_joined(children)
            ),
            _NAMES,
            spaces,
            _ATTRIBUTES,
            st.lists(below, max_size=3),
        ),
        max_leaves=6,
    )
    element = st.builds(SignatureMarkup, name=_NAMES, namespace=st.just(XMLDSIG))
    return st.builds(
        lambda prefix, attributes, first, rest: SignatureMarkup(
            name="Signature",
            namespace=XMLDSIG,
            prefix=prefix,
            attributes=attributes,
            children=_joined([first, *rest]),
        ),
        st.sampled_from([None, "ds", "edXML"]),
        _ATTRIBUTES,
        element,
        st.lists(inner, max_size=3),
    )


def documents(*, signature: SearchStrategy[SignatureMarkup | None] | None = None) -> SearchStrategy[DocumentPacket]:
    """Return a strategy for document packets of all four business operations."""
    return st.builds(
        DocumentPacket,
        from_=organizations(),
        to=_list(organizations(), least=1),
        document_id=document_ids(),
        code=st.builds(DocumentCode, _NUMBERS, _NOTATIONS),
        promulgation_info=st.builds(PromulgationInfo, place=maybe(texts()), promulgation_date=st.dates()),
        document_type=st.builds(
            DocumentType, type=st.integers(1, 2), type_detail=maybe(st.integers(1, 40)), type_name=texts()
        ),
        subject=texts(40),
        content=maybe(texts(40)),
        signer_info=maybe(
            _some(st.builds(SignerInfo, competence=maybe(texts()), position=maybe(texts()), full_name=maybe(texts())))
        ),
        due_date=maybe(st.dates()),
        other_info=st.builds(
            OtherInfo,
            priority=st.integers(0, 4),
            promulgation_amount=maybe(st.integers(0, 10**6)),
            page_amount=maybe(st.integers(0, 10**17)),
            direction=maybe(st.booleans()),
            appendixes=_list(texts()),
            **{
                name: maybe(texts())
                for name in ("sphere_of_promulgation", "typer_notation", "reply_fors", "reference_codes")
            },
        ),
        response_for=_list(_RESPONSE),
        steering_type=maybe(st.integers(0, 3)),
        response_for_task=_list(texts()),
        application_type=maybe(texts()),
        to_places=_list(texts()),
        trace_header_list=_TRACE,
        signature=maybe(signatures()) if signature is None else signature,
        attachments=st.lists(attachments(), max_size=3).map(_numbered),
    )


def statuses() -> SearchStrategy[StatusPacket]:
    """Return a strategy for status packets."""
    return st.builds(
        StatusPacket,
        from_=organizations(),
        response_for=st.builds(
            ResponseFor,
            organ_id=organ_codes(),
            code=texts(),
            document_id=document_ids(),
            promulgation_date=maybe(st.dates()),
        ),
        staff_info=maybe(_STAFF),
        status_code=st.sampled_from(["01", "02", "03", "04", "05", "06", "13", "15", "16"]),
        description=maybe(texts()),
        timestamp=_MOMENTS,
    )
