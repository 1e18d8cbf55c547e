"""Keys at a remote signing service with the interface of the Cloud Signature Consortium, version 2 (TS 119 432).

This module speaks ``credentials/info``, ``credentials/authorize`` and ``signatures/signHash`` and opens no
connection: a function of yours carries each call, with its address, its TLS and the access token of the service.
What authorises a signature (PIN, OTP) comes from another function of yours, when it is needed, and stands in no
``repr`` and no error. Every value that comes back is checked against the certificate.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
import pybase64

from vndoc.errors import SignatureError, UsageError
from vndoc.errors._arguments import need, need_all, need_call
from vndoc.pki import Certificate, Family, SignatureAlgorithm, der
from vndoc.pki.algorithms import DIGESTS, identifier_of
from vndoc.signature.signing import ToBeSigned, checked_value, key_algorithms
from vndoc.signers.keys import order_chain

__all__ = ["MAX_ANSWER", "Authorisation", "AuthorisationObject", "Call", "CscSigner"]

Call = Callable[[str, bytes], tuple[int, bytes]]
"""Carries one call: takes the method (``credentials/info``) and the JSON body, returns HTTP status and body.

What it raises itself, such as a failed connection, is not caught here.
"""

MAX_ANSWER: Final = 1024 * 1024
"""Octets of one answer."""

_ANY_RSA: Final = "1.2.840.113549.1.1.1"
_ANY_EC: Final = "1.2.840.10045.2.1"
_MODES: Final = ("implicit", "explicit", "oauth2code")


@attrs.frozen
class AuthorisationObject:
    """One thing that the service wants to know before it signs: ``kind`` is such as ``Password`` or ``TOTP``."""

    id: str
    kind: str
    label: str = ""


@attrs.frozen(kw_only=True)
class Authorisation:
    """What is about to be authorised, for whoever is asked: the digests, and the objects that want a value."""

    credential: str
    hashes: tuple[bytes, ...]
    objects: tuple[AuthorisationObject, ...]


Authorise = Callable[[Authorisation], Mapping[str, str]]


@attrs.frozen(eq=False, repr=False, kw_only=True)
class CscSigner:
    """A signer whose key is at a remote service. Make one with :meth:`connect`.

    It serves one-phase signing (:meth:`sign`) and, for the two phases, :meth:`sign_all`: several prepared signatures
    with one authorisation.
    """

    certificate: Certificate
    chain: tuple[Certificate, ...]
    algorithms: tuple[SignatureAlgorithm, ...]
    _call: Call
    _credential: str
    _mode: str
    _objects: tuple[AuthorisationObject, ...]
    _most: int
    _authorise: Authorise | None

    @classmethod
    def connect(cls, call: Call, credential: str, *, authorise: Authorise | None = None) -> CscSigner:
        """Return the signer for the *credential* of that id, after ``credentials/info``.

        *authorise* gives the values of the objects that it is asked for, by their id; credentials of the mode
        ``explicit`` need it. With ``oauth2code`` the access token that *call* sends is the authorisation.

        Raises ``remote-refused`` (the service's own error), ``remote-answer`` (an answer that is none),
        ``remote-key-disabled``, ``signer-certificate-status``, and what reading a certificate raises.
        """
        need_call("call", call)
        need("credential", credential, str)
        if authorise is not None:
            need_call("authorise", authorise)
        asked = {"credentialID": credential, "certificates": "chain", "certInfo": True, "authInfo": True}
        answer = _ask(call, "credentials/info", asked)
        key, cert, auth = (_part(answer, name) for name in ("key", "cert", "auth"))
        if key.get("status") != "enabled":
            raise SignatureError("remote-key-disabled")
        if cert.get("status", "valid") != "valid":
            raise SignatureError("signer-certificate-status", found=str(cert["status"]))
        own, *others = _certificates(cert)
        mode = auth.get("mode")
        if mode not in _MODES:
            raise SignatureError("remote-answer", detail="auth.mode")
        most = answer.get("multisign", 1)
        if type(most) is not int or most < 1:
            raise SignatureError("remote-answer", detail="multisign")
        return cls(
            certificate=own,
            chain=order_chain(own, others),
            algorithms=_offered(own, key),
            call=call,
            credential=credential,
            mode=mode,
            objects=_objects(auth),
            most=most,
            authorise=authorise,
        )

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature value of *data*, checked against the certificate; ECDSA in DER.

        Raises as :meth:`sign_all`.
        """
        need("data", data, bytes, bytearray, memoryview)
        [value] = self._signed([data], algorithm)
        return value

    def sign_all(self, prepared: Iterable[ToBeSigned]) -> tuple[bytes, ...]:
        """Return the signature values of *prepared*, in their order, authorised together.

        All must have the same algorithm, and be no more than the credential signs at once
        (``option-invalid``). Raises ``signing-algorithm``, ``remote-authorisation-missing``, ``remote-refused``,
        ``remote-answer``, and ``signature-value`` if what came back is not the signature that was asked for.
        """
        given = need_all("prepared", prepared, ToBeSigned)
        if not given:
            return ()
        if len({one.algorithm for one in given}) != 1:
            raise UsageError("option-invalid", detail="algorithm")
        return self._signed([one.octets for one in given], given[0].algorithm)

    def _signed(self, octets: Sequence[bytes], algorithm: SignatureAlgorithm) -> tuple[bytes, ...]:
        if algorithm not in self.algorithms or algorithm.digest is None:
            raise SignatureError("signing-algorithm", found=str(algorithm))
        if len(octets) > self._most:
            raise UsageError("option-invalid", detail=f"multisign {self._most} < {len(octets)}")
        digest = DIGESTS[algorithm.digest]
        hashes = tuple(digest.of(one) for one in octets)
        common = {
            "credentialID": self._credential,
            "hashes": [_base64(one) for one in hashes],
            "hashAlgorithmOID": digest.oid,
        }
        authorised = self._authorised(common, hashes)
        answer = _ask(
            self._call,
            "signatures/signHash",
            {**common, **authorised, **_named(algorithm), "operationMode": "S"},
            tuple(authorised.values()),
        )
        values = answer.get("signatures")
        if not isinstance(values, list) or len(values) != len(octets):
            raise SignatureError("remote-answer", detail="signatures")
        return tuple(
            checked_value(self.certificate, algorithm, one, _octets(value, "signatures"))
            for one, value in zip(octets, values, strict=True)
        )

    def _authorised(self, common: dict[str, Any], hashes: tuple[bytes, ...]) -> dict[str, str]:
        """Return the signature activation data for these digests, if the mode has any."""
        if self._mode == "oauth2code":
            return {}
        asked = {**common, "numSignatures": len(hashes)}
        secrets: tuple[str, ...] = ()
        if self._mode == "explicit":
            if self._authorise is None:
                raise SignatureError("remote-authorisation-missing", names=_names(self._objects))
            request = Authorisation(credential=self._credential, hashes=hashes, objects=self._objects)
            values = self._authorise(request)
            need("authorise(...)", values, Mapping)
            need_all("authorise(...)", values.values(), str, type(None))
            if missing := [wanted for wanted in self._objects if not values.get(wanted.id)]:
                raise SignatureError("remote-authorisation-missing", names=_names(missing))
            asked["authData"] = [{"id": wanted.id, "value": values[wanted.id]} for wanted in self._objects]
            secrets = tuple(values[wanted.id] for wanted in self._objects)
        sad = _ask(self._call, "credentials/authorize", asked, secrets).get("SAD")
        if not isinstance(sad, str) or not sad:
            raise SignatureError("remote-answer", detail="SAD")
        return {"SAD": sad}

    def __repr__(self) -> str:
        return f"CscSigner({self.certificate!r})"


def _ask(call: Call, method: str, body: Mapping[str, object], secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Return the answer of one call as an object; *secrets* are struck out of what the service says."""
    status, octets = call(method, json.dumps(body, separators=(",", ":")).encode())
    if len(octets) > MAX_ANSWER:
        raise SignatureError("remote-answer", detail=f"{method}: > {MAX_ANSWER} B")
    try:
        answer = json.loads(octets)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        if status == 200:
            raise SignatureError("remote-answer", detail=f"{method}: JSON")
        answer = {}
    if status != 200 or "error" in answer:
        said = " ".join(str(answer[name]) for name in ("error", "error_description") if name in answer)
        for secret in secrets:
            said = said.replace(secret, "***")
        raise SignatureError("remote-refused", method=method, status=status, detail=said or "-")
    return answer


def _part(answer: dict[str, Any], name: str) -> dict[str, Any]:
    found = answer.get(name)
    if not isinstance(found, dict):
        raise SignatureError("remote-answer", detail=name)
    return found


def _certificates(cert: dict[str, Any]) -> list[Certificate]:
    found = cert.get("certificates")
    if not isinstance(found, list) or not found:
        raise SignatureError("signer-certificate-missing")
    return [Certificate.load(_octets(text, "cert.certificates")) for text in found]


def _objects(auth: dict[str, Any]) -> tuple[AuthorisationObject, ...]:
    found = auth.get("objects", [])
    if not isinstance(found, list) or not all(
        isinstance(row, dict) and isinstance(row.get("id"), str) for row in found
    ):
        raise SignatureError("remote-answer", detail="auth.objects")
    return tuple(
        AuthorisationObject(row["id"], str(row.get("type", "")), str(row.get("label", row.get("description", ""))))
        for row in found
    )


def _offered(certificate: Certificate, key: dict[str, Any]) -> tuple[SignatureAlgorithm, ...]:
    """Return what the service says the key signs with, best first; ``remote-answer`` if that is nothing of ours."""
    named = key.get("algo")
    oids = set(named) if isinstance(named, list) and all(isinstance(oid, str) for oid in named) else set()
    general = {Family.RSA_PKCS1: _ANY_RSA, Family.ECDSA: _ANY_EC}
    found = tuple(
        algorithm
        for algorithm in key_algorithms(certificate.public_key)
        if algorithm.digest is not None and oids & {_oid(algorithm), general.get(algorithm.family)}
    )
    if not found:
        raise SignatureError("remote-answer", detail="key.algo")
    return found


def _oid(algorithm: SignatureAlgorithm) -> str:
    return der.oid(der.children(der.read(identifier_of(algorithm)))[0])


def _named(algorithm: SignatureAlgorithm) -> dict[str, str]:
    """Return ``signAlgo`` and, for RSASSA-PSS, its parameters."""
    named = {"signAlgo": _oid(algorithm)}
    if algorithm.family is Family.RSA_PSS:
        named["signAlgoParams"] = _base64(der.children(der.read(identifier_of(algorithm)))[1].octets)
    return named


def _names(objects: Iterable[AuthorisationObject]) -> str:
    return ", ".join(f"{wanted.id} ({wanted.kind})" for wanted in objects) or "-"


def _base64(octets: bytes) -> str:
    return pybase64.b64encode(octets).decode("ascii")


def _octets(text: object, name: str) -> bytes:
    try:
        return pybase64.b64decode(text if isinstance(text, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("remote-answer", detail=name) from None
