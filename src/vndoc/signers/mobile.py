"""Keys in SIM cards (Mobile-PKI): the two phases of a signature that a person confirms on a telephone.

The service that reaches the card (an MSSP of ETSI TS 102 204, such as that of a mobile operator) is an adapter of
yours, :class:`MobileService`; nothing here opens a connection. A signature is prepared by its format, ordered with
:func:`start`, asked after with :func:`finish`, perhaps by another process and hours later, and completed by its
format, which checks it::

    asked = prepare(document, credential, ...)
    pending = start(service, asked, user=msisdn, display="Ký CV 12/UBND", reference=reference)
    store(pending.dump())
    ...
    pending = PendingSignature.load(stored)
    value = finish(service, pending)  # None as long as the person has not answered
    document = complete(pending.state, value)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import attrs
import pybase64

from vndoc.errors import SignatureError
from vndoc.errors._arguments import need
from vndoc.signature.signing import ToBeSigned

__all__ = ["STATUS_CODES", "MobileOrder", "MobileReport", "MobileService", "PendingSignature", "finish", "start"]

_KIND: Final = "vndoc-mobile-pending"
_PENDING: Final = "pending"
_SIGNED: Final = "signed"

STATUS_CODES: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        100: ("REQUEST_OK", _PENDING),
        101: ("WRONG_PARAM", "mobile-failed"),
        102: ("MISSING_PARAM", "mobile-failed"),
        103: ("WRONG_DATA_LENGTH", "mobile-failed"),
        104: ("UNAUTHORIZED_ACCESS", "mobile-failed"),
        105: ("UNKNOWN_CLIENT", "mobile-not-registered"),
        107: ("INAPPROPRIATE_DATA", "mobile-failed"),
        108: ("INCOMPATIBLE_INTERFACE", "mobile-failed"),
        109: ("UNSUPPORTED_PROFILE", "mobile-failed"),
        208: ("EXPIRED_TRANSACTION", "mobile-expired"),
        209: ("OTA_ERROR", "mobile-unreachable"),
        401: ("USER_CANCEL", "mobile-cancelled"),
        402: ("PIN_NR_BLOCKED", "mobile-blocked"),
        403: ("CARD_BLOCKED", "mobile-blocked"),
        404: ("NO_KEY_FOUND", "mobile-not-registered"),
        405: ("NO_CRL_FOUND", "signer-certificate-status"),
        406: ("PB_SIGNATURE_PROCESS", "mobile-busy"),
        407: ("REGISTRATION_ERROR", "mobile-not-registered"),
        422: ("NO_CERT_FOUND", "mobile-not-registered"),
        423: ("CRL_PB", "signer-certificate-status"),
        424: ("CRL_EXPIRED", "signer-certificate-status"),
        425: ("ERROR_CERTIFICATE", "signer-certificate-status"),
        500: ("SIGNATURE", _SIGNED),
        501: ("REVOKED_CERTIFICATE", "signer-certificate-status"),
        502: ("VALID_SIGNATURE", _SIGNED),
        503: ("INVALID_SIGNATURE", "signature-value"),
        504: ("OUTSTANDING_TRANSACTION", _PENDING),
        900: ("INTERNAL_ERROR", "mobile-failed"),
    }
)
"""Status codes of TS 102 204 with their names, and what they mean here: ``pending``, ``signed`` or an error code."""


@attrs.frozen(kw_only=True, repr=False)
class MobileOrder:
    """What a service gets: whom to ask (``user``, the telephone number), what to ``display``, and what to sign.

    ``reference`` is the caller's own name of the transaction (AP_TransID). ``asked`` has octets and digest; which of
    them goes to the card depends on the profile of the service.
    """

    user: str
    display: str
    reference: str
    asked: ToBeSigned

    def __repr__(self) -> str:
        return f"MobileOrder({self.reference!r})"


@attrs.frozen(kw_only=True)
class MobileReport:
    """What a service answers: a status code of TS 102 204, its own name of the transaction, the value if there is one.

    ``signature`` is the bare value (PKCS#1, or ECDSA in DER or as r and s), not a PKCS#7.
    """

    status: int
    transaction: str | None = None
    signature: bytes | None = attrs.field(default=None, repr=False)


class MobileService(Protocol):
    """An adapter to a mobile signature service. What it raises itself is not caught here."""

    def start(self, order: MobileOrder) -> MobileReport:
        """Order a signature in the asynchronous mode (MSS_SignatureReq) and return the first answer."""
        ...

    def status(self, transaction: str) -> MobileReport:
        """Return how the transaction stands (MSS_StatusReq)."""
        ...


@attrs.frozen(kw_only=True, repr=False)
class PendingSignature:
    """A signature that was ordered; ``value`` is there already if the service answered at once.

    Neither the telephone number nor what was displayed is kept.
    """

    transaction: str
    state: bytes
    value: bytes | None = None

    def dump(self) -> bytes:
        """Return it as JSON."""
        body = {
            "kind": _KIND,
            "version": 1,
            "transaction": self.transaction,
            "state": self.state.decode(),
            "value": None if self.value is None else pybase64.b64encode(self.value).decode("ascii"),
        }
        return json.dumps(body).encode()

    @classmethod
    def load(cls, data: bytes) -> PendingSignature:
        """Return what :meth:`dump` wrote; ``signing-state`` for anything else."""
        try:
            return cls(**_pending(json.loads(data)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise SignatureError("signing-state", detail="JSON") from None

    def __repr__(self) -> str:
        return f"PendingSignature({self.transaction!r})"


def _pending(body: dict[str, Any]) -> dict[str, Any]:
    if (body["kind"], body["version"]) != (_KIND, 1) or type(body["transaction"]) is not str:
        raise ValueError
    value = None if body["value"] is None else pybase64.b64decode(body["value"], validate=True)
    return {"transaction": body["transaction"], "state": body["state"].encode(), "value": value}


def start(service: MobileService, asked: ToBeSigned, *, user: str, display: str, reference: str) -> PendingSignature:
    """Order the signature of *asked* and return what to wait with.

    Raises what :func:`finish` raises if the service refuses at once.
    """
    need("asked", asked, ToBeSigned)
    report = service.start(MobileOrder(user=user, display=display, reference=reference, asked=asked))
    value = _judged(report)
    if value is None and not report.transaction:
        raise SignatureError("remote-answer", detail="MSSP_TransID")
    return PendingSignature(transaction=report.transaction or reference, state=asked.state, value=value)


def finish(service: MobileService, pending: PendingSignature) -> bytes | None:
    """Return the signature value, or ``None`` as long as it is outstanding.

    The format's ``complete`` checks the value. Raises ``mobile-expired``, ``mobile-cancelled``, ``mobile-blocked``,
    ``mobile-not-registered``, ``mobile-unreachable``, ``mobile-busy``, ``signer-certificate-status``,
    ``signature-value`` and ``mobile-failed``, all with the name of the status, and ``remote-answer`` for a success
    without a value.
    """
    need("pending", pending, PendingSignature)
    return _judged(service.status(pending.transaction)) if pending.value is None else pending.value


def _judged(report: MobileReport) -> bytes | None:
    need("service", report, MobileReport)
    name, meaning = STATUS_CODES.get(report.status, (str(report.status), "mobile-failed"))
    if meaning == _PENDING:
        return None
    if meaning != _SIGNED:
        raise SignatureError(meaning, found=name)
    if not report.signature:
        raise SignatureError("remote-answer", detail=name)
    return report.signature
