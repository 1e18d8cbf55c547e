"""XAdES counter-signatures, made: a signature over the value of another one, within its unsigned properties.

Not one octet of the document outside the new property is changed. A counter-signature is itself a XAdES signature of
level B or T; the two phases are those of :mod:`vndoc.signature.xmldsig_making`.

Source: ETSI EN 319 132-1, clause 5.2.7.
"""

from __future__ import annotations

import datetime

from vndoc.edxml.xmltools import path_of
from vndoc.errors import SignatureError
from vndoc.errors._arguments import need
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.algorithms import SignatureAlgorithm
from vndoc.signature import tsp
from vndoc.signature._xades_markup import XADES, Claims, element
from vndoc.signature._xades_place import Place
from vndoc.signature._xmldsig_tree import element_children
from vndoc.signature.signing import Credential, Signer, ToBeSigned, need_signer
from vndoc.signature.xades import COUNTERSIGNED
from vndoc.signature.xmldsig_making import XmlReference, complete_xml, prepare_xml
from vndoc.xml import Canonical

__all__ = ["counter_sign", "prepare_counter_signature"]


def prepare_counter_signature(
    data: bytes,
    *,
    credential: Credential,
    signing_time: datetime.datetime,
    signature_id: str | None = None,
    algorithm: SignatureAlgorithm | None = None,
    canonicalization: Canonical = Canonical.EXCLUSIVE,
    claims: Claims = Claims(),  # noqa: B008 - a frozen value
    breaking: bool = False,
    limits: Limits = DEFAULT,
) -> ToBeSigned:
    """Return what has to be signed to countersign a XAdES signature of the document *data*.

    *signature_id* is the Id of that signature, which may be left out where there is one only; the other arguments are
    as in :func:`~vndoc.signature.xmldsig_making.prepare_xml`. The state goes to
    :func:`~vndoc.signature.xmldsig_making.complete_xml`.

    Raises :class:`~vndoc.errors.SignatureError` ``signing-data`` for a document without such a signature, and where its
    SignatureValue has no Id to refer to; ``signing-breaks-another`` where another signature has signed that one with
    all that is in it; else as that function.
    """
    need("canonicalization", canonicalization, Canonical)
    place = Place.of(data, signature_id, limits)
    value = element_children(place.signature)[1].get("Id")
    if value is None:
        raise SignatureError("signing-data", detail="SignatureValue/@Id")
    holder = element("xades:CounterSignature", "", **{"xmlns:xades": XADES})
    document = place.with_properties(holder, breaking=breaking)
    made = Place.of(document, signature_id, limits).before[-1]
    reference = XmlReference(uri=f"#{value}", transforms=(canonicalization.value,), type=COUNTERSIGNED)
    return prepare_xml(
        document,
        credential=credential,
        references=[reference],
        signing_time=signing_time,
        algorithm=algorithm,
        canonicalization=canonicalization,
        parent=path_of(made),
        claims=claims,
        breaking=breaking,
        limits=limits,
    )


def counter_sign(
    data: bytes,
    *,
    signer: Signer,
    signing_time: datetime.datetime,
    signature_id: str | None = None,
    algorithm: SignatureAlgorithm | None = None,
    canonicalization: Canonical = Canonical.EXCLUSIVE,
    claims: Claims = Claims(),  # noqa: B008 - a frozen value
    stamp: tsp.Stamp | None = None,
    nonce: int | None = None,
    breaking: bool = False,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return *data* with a counter-signature by *signer*: both phases at once; with *stamp* it gets a timestamp.

    Raises as :func:`prepare_counter_signature`, as :func:`~vndoc.signature.xmldsig_making.complete_xml`, and what the
    signer raises.
    """
    need_signer(signer)
    waiting = prepare_counter_signature(
        data,
        credential=signer,
        signing_time=signing_time,
        signature_id=signature_id,
        algorithm=algorithm,
        canonicalization=canonicalization,
        claims=claims,
        breaking=breaking,
        limits=limits,
    )
    value = signer.sign(waiting.octets, waiting.algorithm)
    return complete_xml(waiting.state, value, stamp=stamp, nonce=nonce, limits=limits)
