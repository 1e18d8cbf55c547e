"""Name constraints: which names a CA may certify (RFC 5280, section 4.2.1.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from vndoc.errors import CertificateError
from vndoc.pki.extensions import GeneralName, NameConstraints, Profile
from vndoc.pki.names import Name, within

__all__ = ["ConstraintState", "names_of"]

_RFC822: Final = 1
_DNS: Final = 2
_DIRECTORY: Final = 4
_URI: Final = 6
_IP: Final = 7
_EMPTY_NAME: Final = b"\x30\x00"

MAX_COMPARISONS: Final = 100_000
"""Names times subtrees of one certificate: real ones have below a hundred."""


class ConstraintState:
    """The permitted and excluded subtrees of a path so far (RFC 5280, 6.1.2 b and c)."""

    def __init__(self) -> None:
        self._permitted: list[dict[int, list[bytes]]] = []
        self._excluded: dict[int, list[bytes]] = {}

    @property
    def constrains(self) -> bool:
        """Return whether there is any subtree at all."""
        return bool(self._permitted or self._excluded)

    def add(self, constraints: NameConstraints) -> None:
        """Take in the constraints of one more CA: permitted subtrees intersect, excluded ones add up."""
        if constraints.permitted:
            self._permitted.append(_by_kind(constraints.permitted))
        for name in constraints.excluded:
            self._excluded.setdefault(name.kind, []).append(name.value)

    def allows(self, names: tuple[GeneralName, ...]) -> bool:
        """Return whether every one of *names* keeps to the subtrees. What cannot be read or compared does not."""
        subtrees = sum(map(len, self._excluded.values())) + sum(len(v) for p in self._permitted for v in p.values())
        if len(names) * subtrees > MAX_COMPARISONS:
            return False
        try:
            return all(self._allows(name) for name in names)
        except (CertificateError, ValueError):
            return False

    def _allows(self, name: GeneralName) -> bool:
        test = _TESTS.get(name.kind)
        excluded = self._excluded.get(name.kind, [])
        permitted = [found for p in self._permitted if (found := p.get(name.kind)) is not None]
        if not excluded and not permitted:
            return True
        if test is None:  # a constraint on a kind of name that is not understood
            return False
        if any(test(name.value, base) for base in excluded):
            return False
        return all(any(test(name.value, base) for base in bases) for bases in permitted)


def _by_kind(names: tuple[GeneralName, ...]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for name in names:
        found.setdefault(name.kind, []).append(name.value)
    return found


def names_of(subject: bytes, profile: Profile) -> tuple[GeneralName, ...]:
    """Return the names of a certificate that constraints apply to.

    Mail addresses inside the subject count where there is none among the alternative names. Raises
    ``der-malformed`` if the subject or an alternative name cannot be read.
    """
    names = list(profile.alternative_names())
    if subject != _EMPTY_NAME:
        names.append(GeneralName(_DIRECTORY, subject))
    if not any(name.kind == _RFC822 for name in names):
        names += [GeneralName(_RFC822, text.encode()) for text in Name.load(subject).all("emailAddress")]
    return tuple(names)


def _text(value: bytes) -> str:
    return value.decode("ascii").lower()


def _directory(name: bytes, base: bytes) -> bool:
    return within(name, base)


def _host(host: str, base: str) -> bool:
    """Return whether *host* is *base*, or below it where *base* begins with a dot."""
    return host.endswith(base) and len(host) > len(base) if base.startswith(".") else host == base


def _mail(name: bytes, base: bytes) -> bool:
    local, at, host = name.decode("utf-8").rpartition("@")
    wanted = base.decode("utf-8")
    if not at or not local:
        raise CertificateError("der-malformed", offset=0)
    if "@" in wanted:
        own, _, domain = wanted.rpartition("@")
        return local == own and host.lower() == domain.lower()
    return _host(host.lower(), wanted.lower())


def _dns(name: bytes, base: bytes) -> bool:
    host, wanted = _text(name).rstrip("."), _text(base).strip(".")
    return not wanted or host == wanted or host.endswith("." + wanted)


def _uri(name: bytes, base: bytes) -> bool:
    host = urlsplit(_text(name)).hostname
    if not host or ":" in host or host.rpartition(".")[2].isdecimal():  # a URI without a host name satisfies nothing
        raise CertificateError("der-malformed", offset=0)
    return _host(host, _text(base))


def _ip(name: bytes, base: bytes) -> bool:
    if len(name) not in (4, 16) or len(base) not in (8, 32):
        raise CertificateError("der-malformed", offset=0)
    size = len(base) // 2
    if len(name) != size:
        return False
    return all(a & m == b & m for a, b, m in zip(name, base[:size], base[size:], strict=True))


_TESTS: Mapping[int, Callable[[bytes, bytes], bool]] = {
    _RFC822: _mail,
    _DNS: _dns,
    _DIRECTORY: _directory,
    _URI: _uri,
    _IP: _ip,
}
