"""Name constraints: which names a CA may certify (RFC 5280, section 4.2.1.10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from vndoc.errors import CertificateError
from vndoc.pki.extensions import GeneralName, NameConstraints, Profile
from vndoc.pki.names import Name, name_key

__all__ = ["ConstraintState", "names_of"]

_RFC822: Final = 1
_DNS: Final = 2
_DIRECTORY: Final = 4
_URI: Final = 6
_IP: Final = 7
_EMPTY_NAME: Final = b"\x30\x00"

MAX_COMPARISONS: Final = 100_000
"""Names times subtrees of one certificate: real ones have below a hundred."""

_Bases = tuple[tuple[Any, ...], ...]


class ConstraintState:
    """The permitted and excluded subtrees of a path so far (RFC 5280, 6.1.2 b and c)."""

    def __init__(self) -> None:
        self._permitted: list[dict[int, list[bytes]]] = []
        self._excluded: dict[int, list[bytes]] = {}
        self._read: dict[int, _Bases] = {}
        """By kind of name: what was read from the excluded subtrees, then from those of each CA that permits some."""

    @property
    def constrains(self) -> bool:
        """Return whether there is any subtree at all."""
        return bool(self._permitted or self._excluded)

    def add(self, constraints: NameConstraints) -> None:
        """Take in the constraints of one more CA: permitted subtrees intersect, excluded ones add up."""
        self._read.clear()
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
        excluded = self._excluded.get(name.kind, [])
        permitted = [found for p in self._permitted if (found := p.get(name.kind)) is not None]
        if not excluded and not permitted:
            return True
        form = _FORMS.get(name.kind)
        if form is None:  # a constraint on a kind of name that is not understood
            return False
        bases = self._read.get(name.kind)
        if bases is None:  # each is read once, however many names there are
            bases = self._read[name.kind] = tuple(tuple(map(form.base, some)) for some in (excluded, *permitted))
        own, (kept_out, *kept_in) = form.name(name.value), bases
        return not _any(form.meets, own, kept_out) and all(_any(form.inside, own, some) for some in kept_in)


def _any(test: Callable[[Any, Any], bool], name: Any, bases: Iterable[Any]) -> bool:
    return any(test(name, base) for base in bases)


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


_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*")
"""Labels with dots between them: neither empty ones nor a wildcard, which RFC 5280 has no meaning for."""


def _malformed() -> CertificateError:
    return CertificateError("der-malformed", offset=0)


def _host(text: str) -> str:
    """Return the host name *text* in small letters; ``der-malformed`` if it is none."""
    if not _HOST.fullmatch(text):
        raise _malformed()
    return text.lower()


def _hosts(text: str) -> str:
    """Return what stands for a host, or for all below it where it begins with a dot."""
    return "." + _host(text[1:]) if text.startswith(".") else _host(text)


def _of_hosts(host: str, base: str) -> bool:
    return host.endswith(base) if base.startswith(".") else host == base


def _mailbox(value: bytes) -> tuple[str, str]:
    local, _, host = value.decode("utf-8").rpartition("@")
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    if not local or ("@" in local and not quoted):
        raise _malformed()
    return local, _host(host)


def _mailboxes(value: bytes) -> tuple[str | None, str]:
    return _mailbox(value) if b"@" in value else (None, _hosts(value.decode("utf-8")))


def _of_mailboxes(name: tuple[str, str], base: tuple[str | None, str]) -> bool:
    local, hosts = base
    return local in (None, name[0]) and _of_hosts(name[1], hosts)


def _dns(value: bytes) -> tuple[str, bool]:
    """Return a host, and whether it stands for all hosts one label below it (RFC 6125, 6.4.3)."""
    text = value.decode("ascii").removesuffix(".")
    return _host(text.removeprefix("*.")), text.startswith("*.")


def _dns_base(value: bytes) -> str:
    """Return a domain, or nothing for all names; a dot before it, which RFC 5280 does not know, says the same."""
    text = value.decode("ascii").removeprefix(".").removesuffix(".")
    return _host(text) if text else ""


def _within_domain(name: tuple[str, bool], base: str) -> bool:
    return not base or name[0] == base or name[0].endswith("." + base)


def _meets_domain(name: tuple[str, bool], base: str) -> bool:
    """Return whether one of the hosts that *name* stands for is within *base*."""
    return _within_domain(name, base) or (name[1] and base.partition(".")[2] == name[0])


def _uri(value: bytes) -> str:
    host = urlsplit(value.decode("ascii")).hostname
    if not host or host.rpartition(".")[2].isdecimal():  # a URI without a host name satisfies nothing
        raise _malformed()
    return _host(host)


def _uri_base(value: bytes) -> str:
    return _hosts(value.decode("ascii"))


def _ip(value: bytes) -> bytes:
    if len(value) not in (4, 16):
        raise _malformed()
    return value


def _ip_base(value: bytes) -> tuple[bytes, bytes]:
    if len(value) not in (8, 32):
        raise _malformed()
    half = len(value) // 2
    return value[:half], value[half:]


def _of_network(name: bytes, base: tuple[bytes, bytes]) -> bool:
    net, mask = base
    return len(name) == len(net) and all(a & m == b & m for a, b, m in zip(name, net, mask, strict=True))


def _below(name: tuple[Any, ...], base: tuple[Any, ...]) -> bool:
    return name[: len(base)] == base


class _Form(NamedTuple):
    """How names and subtrees of one kind are read, when a name is inside a subtree, and when it meets one.

    What cannot be read raises ``der-malformed`` or ``ValueError``.
    """

    name: Callable[[bytes], Any]
    base: Callable[[bytes], Any]
    inside: Callable[[Any, Any], bool]
    meets: Callable[[Any, Any], bool]


_FORMS: Mapping[int, _Form] = {
    _RFC822: _Form(_mailbox, _mailboxes, _of_mailboxes, _of_mailboxes),
    _DNS: _Form(_dns, _dns_base, _within_domain, _meets_domain),
    _DIRECTORY: _Form(name_key, name_key, _below, _below),
    _URI: _Form(_uri, _uri_base, _of_hosts, _of_hosts),
    _IP: _Form(_ip, _ip_base, _of_network, _of_network),
}
