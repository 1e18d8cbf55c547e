"""Tokens, smart cards and HSMs over PKCS#11 (the extra ``pkcs11``).

The module is the vendor's library, named by its path; loading it runs its code. A token is named by serial number or
label, a key by id or label. The PIN is an argument or a function that is asked when it is needed; it stands in no
text, no ``repr`` and no error::

    with Pkcs11Signer.open("/usr/lib/vendor.so", serial="0123456789", key_label="ky-so", pin=ask) as signer:
        ...

What PKCS#11 itself shares is shared here: a login holds for the whole process, so the first signer on a token logs
in and the last one that is closed logs out; whoever comes in between must have the same PIN. Calls into one module
never overlap, whatever the threads, and nobody waits while a person is asked for a PIN.
"""

from __future__ import annotations

import enum
import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from vndoc.errors import CertificateError, SignatureError, UsageError
from vndoc.errors._arguments import need
from vndoc.pki import Certificate, Family, SignatureAlgorithm, der
from vndoc.pki.algorithms import DIGESTS, key_bits
from vndoc.signature.signing import checked_value, key_algorithms
from vndoc.signers.keys import order_chain
from vndoc.text import Text

if TYPE_CHECKING:
    from types import ModuleType

    from pkcs11 import Session, Slot, Token

__all__ = ["Pin", "Pkcs11Signer"]

Pin = str | Callable[[], str]
"""A PIN, or a function that asks for it."""

_ERRORS: Final = {
    "token-pin-wrong": ("PinIncorrect", "PinInvalid", "PinLenRange"),
    "token-pin-locked": ("PinLocked",),
    "token-pin-unset": ("PinExpired", "UserPinNotInitialized"),
    "token-cancelled": ("FunctionCancelled", "FunctionRejected"),
    "token-mechanism": ("MechanismInvalid", "MechanismParamInvalid", "KeyTypeInconsistent", "KeySizeRange"),
    "token-removed": (
        "DeviceRemoved",
        "TokenNotPresent",
        "TokenNotRecognised",
        "SlotIDInvalid",
        "SessionHandleInvalid",
        "SessionClosed",
        "KeyHandleInvalid",
        "ObjectHandleInvalid",
        "UserNotLoggedIn",
    ),
}
"""What the errors of PKCS#11 mean to a person, by the names of their classes; the others are ``token-failed``."""

_CODES: Final = {name: code for code, names in _ERRORS.items() for name in names}

_HASHING: Final = {Family.RSA_PKCS1: "{}_RSA_PKCS", Family.RSA_PSS: "{}_RSA_PKCS_PSS", Family.ECDSA: "ECDSA_{}"}
"""Mechanisms that take the data and hash them, by the name of the digest."""
_PLAIN: Final = {Family.RSA_PKCS1: "RSA_PKCS", Family.RSA_PSS: "RSA_PKCS_PSS", Family.ECDSA: "ECDSA"}
"""Mechanisms that take the digest; most tokens have these."""

_NO_HINT: Final = Text("", "")
_FINAL_TRY: Final = Text(" Chỉ còn một lần thử trước khi thiết bị bị khóa.", " One try is left before it locks.")


def _library() -> ModuleType:
    """Return ``python-pkcs11``, or say how to get it."""
    try:
        import pkcs11  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("extra-missing", found="pkcs11") from None
    return pkcs11


@attrs.define(eq=False, repr=False)
class _Login:
    """A session that is logged in, how many signers use it, and a check value of the PIN (``None``: none was used)."""

    slot: int
    session: Session
    check: bytes | None = None
    users: int = 0


_CHECK_KEY: Final = secrets.token_bytes(32)


def _check_of(pin: str | None) -> bytes | None:
    """Return what a PIN is compared by: under a key of this process, so that the PIN itself need not be kept."""
    return None if pin is None else hashlib.blake2b(pin.encode(), key=_CHECK_KEY).digest()


@attrs.define(eq=False)
class _Module:
    """A vendor's module as this process holds it: loaded once, entered by one thread at a time."""

    library: Any
    lock: threading.RLock = attrs.field(factory=threading.RLock)
    logins: dict[int, _Login] = attrs.field(factory=dict)


_modules: dict[str, _Module] = {}
_modules_lock: Final = threading.Lock()


def _load(path: str) -> _Module:
    pkcs11 = _library()
    with _modules_lock:
        if path not in _modules:
            try:
                _modules[path] = _Module(pkcs11.lib(path))
            except pkcs11.PKCS11Error as error:
                raise SignatureError("token-module", name=path, detail=str(error) or type(error).__name__) from None
        return _modules[path]


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the errors of PKCS#11 into ours; their texts, which may hold anything, stay behind."""
    try:
        yield
    except _library().PKCS11Error as error:
        name = type(error).__name__
        raise SignatureError(_CODES.get(name, "token-failed"), detail=name, hint=_NO_HINT) from None


@attrs.define(eq=False, repr=False, slots=False)
class Pkcs11Signer:
    """A signer whose key is in a token. Make one with :meth:`open`, close it when it is no longer needed."""

    certificate: Certificate
    chain: tuple[Certificate, ...]
    algorithms: tuple[SignatureAlgorithm, ...]
    _ways: dict[SignatureAlgorithm, str]
    _module: _Module
    _login: _Login
    _key: Any
    _pin: Pin | None
    _asks: bool  # whether the key wants the PIN for each signature

    @classmethod
    def open(
        cls,
        module: str,
        *,
        pin: Pin | None = None,
        serial: str | None = None,
        label: str | None = None,
        key_id: bytes | None = None,
        key_label: str | None = None,
        certificate: Certificate | None = None,
        chain: Iterable[Certificate] = (),
    ) -> Pkcs11Signer:
        """Return a signer for the one key that fits.

        What is not given is not asked for: with one token and one key on it, *module* and *pin* are enough. The
        certificate is that of the same id or label on the token, unless *certificate* gives it; certificates on
        the token and of *chain* make up the chain. Without *pin* a token with its own PIN pad asks for it itself.

        Raises ``token-module``, ``token-not-found``, ``token-ambiguous``, ``token-pin-needed``, ``token-pin-wrong``,
        ``token-pin-locked``, ``token-pin-unset``, ``token-key-not-found``, ``token-key-ambiguous``,
        ``token-mechanism``, ``token-removed``, ``token-cancelled``, ``token-failed``,
        ``signer-certificate-missing``, ``signer-key-mismatch``, and ``extra-missing`` without ``vndoc[pkcs11]``.
        """
        held = _load(module)
        with held.lock, _translated():
            slot, token = _find_token(held, serial, label)
            wanted = _login_wanted(token, pin)
        secret = _asked(pin) if wanted is _Wanted.PIN else None
        with held.lock, _translated():
            login = _log_in(held, slot, token, wanted, secret)
            try:
                key = _find_key(login.session, key_id, key_label)
                on_token = list(_certificates(login.session))
                own = certificate or _own_certificate(key, on_token)
                _compare_modulus(key, own)
                ways = dict(_ways_of(own, slot))
                asks = bool(_attribute(key, "ALWAYS_AUTHENTICATE"))
            except BaseException:
                _log_out(held, login)
                raise
        up = order_chain(own, [*(c for c, _, _ in on_token), *chain])
        return cls(own, up, tuple(ways), ways=ways, module=held, login=login, key=key, pin=pin, asks=asks)

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature value of *data*, checked against the certificate; ECDSA in DER.

        Raises ``signing-algorithm`` for what is not among :attr:`algorithms`, ``token-closed``, ``token-removed``,
        ``token-pin-wrong`` and ``token-pin-locked`` (for a key that wants the PIN each time), ``token-cancelled``,
        ``token-mechanism``, ``token-failed``, and ``signer-key-mismatch`` if the key is not that of the certificate.
        """
        if algorithm not in self._ways:
            raise SignatureError("signing-algorithm", found=str(algorithm))
        mechanism, parameters, octets = _call(self._ways[algorithm], algorithm, data, self.certificate)
        again = {"pin": _asked(self._pin)} if self._asks else {}
        with self._module.lock:
            if self._key is None:
                raise SignatureError("token-closed")
            try:
                with _translated():
                    value = self._key.sign(octets, mechanism=mechanism, mechanism_param=parameters, **again)
            except SignatureError as error:
                if error.code == "token-removed":
                    self._drop()
                raise
        try:
            return checked_value(self.certificate, algorithm, data, bytes(value))
        except SignatureError:
            raise SignatureError("signer-key-mismatch") from None

    def _drop(self) -> None:
        """Forget the session: the token is gone, and with it the login of everybody on it."""
        self._key = None
        self._login.users = 1
        _log_out(self._module, self._login)

    def close(self) -> None:
        """Give the token back; the last signer on it logs out. Closing again does nothing."""
        with self._module.lock:
            if self._key is not None:
                self._key = None
                _log_out(self._module, self._login)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Pkcs11Signer({self.certificate!r})"


def _find_token(held: _Module, serial: str | None, label: str | None) -> tuple[Slot, Token]:
    pkcs11 = _library()
    there: list[tuple[Slot, Token]] = []
    for slot in held.library.get_slots(token_present=True):
        with suppress(pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
            token = slot.get_token()
            if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED:
                there.append((slot, token))
    found = [(s, t) for s, t in there if serial in (None, _serial(t)) and label in (None, t.label)]
    if len(found) != 1:
        known = ", ".join(f"{t.label} ({_serial(t)})" for _, t in (found or there)) or "-"
        raise SignatureError("token-ambiguous" if found else "token-not-found", known=known)
    return found[0]


def _serial(token: Token) -> str:
    return token.serial.decode("utf-8", "replace").strip(" \0")


def _asked(pin: Pin | None) -> str:
    value = pin() if callable(pin) else pin
    if not value:
        raise SignatureError("token-pin-needed")
    need("pin", value, str)
    return value


class _Wanted(enum.Enum):
    """What a token wants before it shows its private keys."""

    NOTHING = enum.auto()
    PIN = enum.auto()
    PIN_ON_ITS_PAD = enum.auto()


def _login_wanted(token: Token, pin: Pin | None) -> _Wanted:
    flag = _library().TokenFlag
    if not token.flags & flag.LOGIN_REQUIRED:
        return _Wanted.NOTHING
    if token.flags & flag.USER_PIN_LOCKED:
        raise SignatureError("token-pin-locked")
    own_pad = pin is None and token.flags & flag.PROTECTED_AUTHENTICATION_PATH
    return _Wanted.PIN_ON_ITS_PAD if own_pad else _Wanted.PIN


def _log_in(held: _Module, slot: Slot, token: Token, wanted: _Wanted, secret: str | None) -> _Login:
    """Return the login of the process on the token, made by whoever comes first; the others must know its PIN."""
    login = held.logins.get(slot.slot_id)
    if login is None:
        session, check = _open_session(slot, token, wanted, secret)
        login = held.logins[slot.slot_id] = _Login(slot.slot_id, session, check)
    elif secret is not None and login.check is not None and login.check != _check_of(secret):
        raise SignatureError("token-pin-wrong", hint=_NO_HINT)
    login.users += 1
    return login


def _open_session(slot: Slot, token: Token, wanted: _Wanted, secret: str | None) -> tuple[Session, bytes | None]:
    pkcs11 = _library()
    flag = pkcs11.TokenFlag
    if wanted is _Wanted.NOTHING:
        return token.open(), None
    try:
        session = token.open(user_pin=pkcs11.PROTECTED_AUTH if wanted is _Wanted.PIN_ON_ITS_PAD else secret)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(), None  # by another part of the process, which cannot be asked for its PIN
    except pkcs11.PinIncorrect:
        flags = slot.get_token().flags
        if flags & flag.USER_PIN_LOCKED:
            raise SignatureError("token-pin-locked") from None
        last = flags & flag.USER_PIN_FINAL_TRY
        raise SignatureError("token-pin-wrong", hint=_FINAL_TRY if last else _NO_HINT) from None
    return session, _check_of(secret)


def _log_out(held: _Module, login: _Login) -> None:
    login.users -= 1
    if login.users > 0:
        return
    if held.logins.get(login.slot) is login:
        del held.logins[login.slot]
    with suppress(_library().PKCS11Error):  # the token may be gone
        login.session.close()


def _find_key(session: Session, key_id: bytes | None, key_label: str | None) -> Any:
    pkcs11 = _library()
    wanted: dict[Any, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    if key_id is not None:
        wanted[pkcs11.Attribute.ID] = key_id
    if key_label is not None:
        wanted[pkcs11.Attribute.LABEL] = key_label
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        name = key_label if key_id is None else key_id.hex()
        code = "token-key-ambiguous" if found else "token-key-not-found"
        raise SignatureError(code, name=name or "-", count=len(found))
    return found[0]


def _attribute(item: Any, name: str) -> Any:
    """Return an attribute, or ``None`` where the token does not have or show it."""
    pkcs11 = _library()
    try:
        return item[pkcs11.Attribute[name]]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, pkcs11.FunctionFailed):
        return None


def _certificates(session: Session) -> Iterator[tuple[Certificate, bytes | None, str | None]]:
    """Yield the certificates on the token that can be read, with id and label."""
    pkcs11 = _library()
    for item in list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE})):
        with suppress(CertificateError):
            yield Certificate.load(_attribute(item, "VALUE") or b""), _attribute(item, "ID"), _attribute(item, "LABEL")


def _own_certificate(key: Any, there: list[tuple[Certificate, bytes | None, str | None]]) -> Certificate:
    """Return the certificate of *key*: of the same id, else of the same label; of several the newest."""
    own_id, own_label = _attribute(key, "ID"), _attribute(key, "LABEL")
    mine = [c for c, name, _ in there if own_id and name == own_id]
    mine = mine or [c for c, _, label in there if own_label and label == own_label]
    if not mine:
        raise SignatureError("signer-certificate-missing")
    return max(mine, key=lambda c: (c.not_before, c.not_after))


def _compare_modulus(key: Any, certificate: Certificate) -> None:
    """Refuse the key of another certificate at once where the token shows whose it is: RSA keys have their modulus."""
    modulus = _attribute(key, "MODULUS")
    numbers = getattr(certificate.public_key, "public_numbers", lambda: None)()
    known = getattr(numbers, "n", None)
    if modulus is not None and int.from_bytes(modulus, "big") != known:
        raise SignatureError("signer-key-mismatch")


def _ways_of(certificate: Certificate, slot: Slot) -> Iterator[tuple[SignatureAlgorithm, str]]:
    """Yield what the token can sign for the certificate's key, each with the mechanism that does it."""
    there = {getattr(mechanism, "name", "") for mechanism in slot.get_mechanisms()}
    found = False
    for algorithm in key_algorithms(certificate.public_key):
        names = [_HASHING.get(algorithm.family, "").format((algorithm.digest or "").upper())]
        names.append(_PLAIN.get(algorithm.family, "EDDSA"))
        for name in names:
            if name in there:
                found = True
                yield algorithm, name
                break
    if not found:
        raise SignatureError("token-mechanism", detail="C_GetMechanismList")


def _call(
    name: str, algorithm: SignatureAlgorithm, data: bytes, certificate: Certificate
) -> tuple[Any, tuple[Any, ...] | None, bytes]:
    """Return mechanism, parameters and octets for one call of ``C_Sign``."""
    pkcs11 = _library()
    mechanism = pkcs11.Mechanism[name]
    if algorithm.digest is None:
        return mechanism, None, data
    parameters = None
    upper = algorithm.digest.upper()
    if algorithm.family is Family.RSA_PSS:
        parameters = (pkcs11.Mechanism[upper], pkcs11.MGF[upper], algorithm.salt)
    if name != _PLAIN[algorithm.family]:
        return mechanism, parameters, data
    octets = DIGESTS[algorithm.digest].of(data)
    if algorithm.family is Family.ECDSA:
        octets = octets[: (key_bits(certificate.public_key) + 7) // 8]
    elif algorithm.family is Family.RSA_PKCS1:
        identifier = der.encode(der.SEQUENCE, der.encode_oid(DIGESTS[algorithm.digest].oid), b"\x05\x00")
        octets = der.encode(der.SEQUENCE, identifier, der.encode(der.OCTET_STRING, octets))
    return mechanism, parameters, octets
