"""The two phases of signing, whichever the format: what a SIM, a service or an HSM signs, and what waits meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from vndoc.envelope.octets import Octets
from vndoc.errors import SignatureError, UsageError
from vndoc.errors._arguments import need
from vndoc.signature.cms import CADES, COUNTER_SIGNATURE, complete_cms, complete_counter_signature, prepare_cms
from vndoc.signature.signing import Credential, ToBeSigned, format_of
from vndoc.signature.xmldsig_making import XMLDSIG, complete_xml, prepare_xml
from vndoc.text import Text

__all__ = ["SignatureFormat", "complete", "prepare"]

SignatureFormat = Literal["xml", "cms"]
"""XML-DSig and XAdES, or CMS and CAdES."""

_PREPARE: Final[Mapping[str, Callable[..., ToBeSigned]]] = MappingProxyType({"xml": prepare_xml, "cms": prepare_cms})
_COMPLETE: Final[Mapping[str, Callable[..., bytes]]] = MappingProxyType(
    {XMLDSIG: complete_xml, CADES: complete_cms, COUNTER_SIGNATURE: complete_counter_signature}
)
_NO_FORMAT: Final = Text(
    "định dạng chữ ký là một trong: {known}; không phải {found}", "the format is one of {known}, not {found}"
)


def prepare(
    data: bytes | Octets | None,
    *,
    credential: Credential,
    format: SignatureFormat,  # noqa: A002 - what it is called in the state as well
    **options: Any,
) -> ToBeSigned:
    """Return what has to be signed over *data*, and the state that waits for the value (for :func:`complete`).

    *credential* has the certificate of the signer, its chain and algorithms; the key may be anywhere. *options* are
    those of :func:`vndoc.signature.prepare_xml` or :func:`vndoc.signature.prepare_cms`, for the *format* ``xml`` or
    ``cms``.

    Raises what these raise, and :class:`~vndoc.errors.UsageError` ``option-invalid`` for another format.
    """
    need("format", format, str)
    if format not in _PREPARE:
        raise UsageError("option-invalid", detail=_NO_FORMAT.filled(known=", ".join(_PREPARE), found=repr(format)))
    return _PREPARE[format](data, credential=credential, **options)


def complete(state: bytes, signature: bytes, **options: Any) -> bytes:
    """Return the signature, or the signed document, for the *state* of a prepare and the *signature* value.

    The state says which format it is of. *options* are those of :func:`vndoc.signature.complete_xml`,
    :func:`vndoc.signature.complete_cms` or :func:`vndoc.signature.cms.complete_counter_signature`.

    Raises what these raise: above all :class:`~vndoc.errors.SignatureError` ``signature-value`` for a value that does
    not verify, and ``signing-state`` for what is no state.
    """
    finish = _COMPLETE.get(format_of(state))
    if finish is None:
        raise SignatureError("signing-state", detail="format")
    return finish(state, signature, **options)
