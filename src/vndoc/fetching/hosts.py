"""Which hosts may be asked: an allow-list, and no private address behind a public name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import attrs

from vndoc.errors import FetchError, UsageError

__all__ = ["MAX_URL", "AllowedHosts", "Target", "target_of"]

MAX_URL: Final = 2048
"""Characters of an address: those in certificates have below a hundred."""

_PORTS: Final = {"http": 80, "https": 443}
_PATTERN: Final = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?|\[[0-9a-f:.]+\](?::[0-9]{1,5})?")
_PRINTABLE: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]+")


@attrs.frozen(kw_only=True)
class Target:
    """One address taken apart: ``path`` is what is asked of the server, query included."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def header(self) -> str:
        """Return the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Return *url* taken apart. Raises :class:`~vndoc.errors.FetchError` ``fetch-url`` for what is no plain address.

    Plain: http or https, printable ASCII, no user name, at most :data:`MAX_URL` characters; a fragment is dropped.
    """
    try:
        parts = urlsplit(url) if len(url) <= MAX_URL and _PRINTABLE.fullmatch(url) else None
        port = None if parts is None else parts.port
    except ValueError:
        parts = port = None
    scheme = "" if parts is None else parts.scheme.lower()
    host = "" if parts is None else (parts.hostname or "").lower()
    if parts is None or scheme not in _PORTS or not _HOST.fullmatch(host) or "@" in parts.netloc or port == 0:
        raise FetchError("fetch-url", url=url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url=url, scheme=scheme, host=host, port=_PORTS[scheme] if port is None else port, path=path)


def _patterns(given: Iterable[str]) -> frozenset[str]:
    found = frozenset(text.strip().lower() for text in given)
    for pattern in found:
        if not _PATTERN.fullmatch(pattern):
            raise UsageError("option-invalid", detail=f"host {pattern!r}")
    return found


@attrs.frozen(kw_only=True)
class AllowedHosts:
    """The hosts that may be asked; by default none.

    A pattern is a host name (``ca.gov.vn``), a name with everything below it (``*.ca.gov.vn``, without the name itself)
    or an address (``[::1]`` in brackets), each with a port where it is not that of the scheme (``ca.gov.vn:8080``). A
    name in ``public`` is not asked where it leads into a private network; those in ``private`` may be. An address
    that is listed itself is no surprise, and may be private, too.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for what is no pattern.
    """

    public: frozenset[str] = attrs.field(default=frozenset(), converter=_patterns)
    private: frozenset[str] = attrs.field(default=frozenset(), converter=_patterns)

    def check(self, target: Target) -> None:
        """Raise :class:`~vndoc.errors.FetchError` ``fetch-refused`` unless the host of *target* is listed."""
        if not (_matches(self.public, target) or _matches(self.private, target)):
            raise FetchError("fetch-refused", url=target.url)

    def usable(self, target: Target, addresses: Iterable[str]) -> list[str]:
        """Return those of the *addresses* of the host that may be connected to.

        Raises :class:`~vndoc.errors.FetchError` ``fetch-address`` where none is left.
        """
        free = _is_address(target.host) or _matches(self.private, target)
        found = [address for address in dict.fromkeys(addresses) if free or is_public(address)]
        if not found:
            raise FetchError("fetch-address", url=target.url)
        return found


def _matches(patterns: frozenset[str], target: Target) -> bool:
    host = f"[{target.host}]" if ":" in target.host else target.host
    names = [host]
    if not _is_address(target.host):
        labels = target.host.split(".")
        names += ["*." + ".".join(labels[n:]) for n in range(1, len(labels))]
    port = f":{target.port}"
    default = target.port == _PORTS[target.scheme]
    return any(name + port in patterns or (default and name in patterns) for name in names)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Return whether *address* is one of the open network, also where it is an IPv4 address inside an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.sixtofour is not None or found.teredo is not None:  # ways into an IPv4 network: none is needed here
            return False
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
