"""What is known of a certificate's revocation at one time, and the seam between paths and those who know."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from typing import Protocol

import attrs

from vndoc.pki.certificate import Certificate
from vndoc.pki.policy import CryptoPolicy, Use

__all__ = [
    "RevocationFact",
    "RevocationQuestion",
    "RevocationReason",
    "RevocationSource",
    "RevocationStatus",
]


class RevocationStatus(enum.StrEnum):
    """The answer: not revoked at that time, revoked or on hold, or not known."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationReason(enum.IntEnum):
    """Why a certificate was revoked (RFC 5280, section 5.3.1). Seven is not used."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


@attrs.frozen(kw_only=True, repr=False)
class RevocationFact:
    """What one source said, or why none said anything.

    ``at`` is the time asked about. ``date`` and ``reason`` belong to ``REVOKED``. ``source`` is ``crl``, ``ocsp``,
    ``no-check`` (a responder's certificate that needs none) or ``none``; ``issued`` and ``next_update`` are those of
    the source, ``material`` its octets, to be kept as evidence. ``why`` holds short codes of what kept other sources
    from counting (``crl-stale``, ``ocsp-responder-unauthorised`` …).
    """

    certificate: Certificate
    status: RevocationStatus
    at: datetime.datetime
    source: str = "none"
    date: datetime.datetime | None = None
    reason: RevocationReason | None = None
    issued: datetime.datetime | None = None
    next_update: datetime.datetime | None = None
    material: bytes | None = None
    why: tuple[str, ...] = ()

    @property
    def on_hold(self) -> bool:
        """Return whether the certificate was suspended, not revoked for good."""
        return self.status is RevocationStatus.REVOKED and self.reason is RevocationReason.CERTIFICATE_HOLD

    def __repr__(self) -> str:
        detail = f", {self.date:%Y-%m-%d}, {self.reason!r}" if self.date else ""
        return f"RevocationFact({self.status.value}, {self.source}{detail}, why={self.why!r})"


@attrs.frozen(kw_only=True, eq=False)
class RevocationQuestion:
    """Was ``certificate`` revoked at ``at``?

    ``issuers`` is the path above it, issuer first and anchor last. ``use`` is what the policy ``crypto`` judges the
    certificate's own signature as; revocation lists and responses are judged alike. ``vouched`` answers whether another
    certificate, one that signed a list or a response, has itself a valid path to the same anchor.
    """

    certificate: Certificate
    issuers: tuple[Certificate, ...]
    at: datetime.datetime
    crypto: CryptoPolicy
    use: Use
    pool: tuple[Certificate, ...]
    vouched: Callable[[Certificate], bool]


class RevocationSource(Protocol):
    """Whoever can answer the question. An answer never raises: what is not known is ``UNKNOWN`` with its reasons."""

    def status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what is known."""
        ...
