"""Fetching over HTTP (extra ``http``): certificates, revocation lists, OCSP responses and timestamps.

Nothing in vndoc fetches by itself. Hand a :class:`HttpFetcher` to ``vndoc.verify(…, fetch=…)``; it asks only the hosts
that you list.
"""

from vndoc.fetching.cache import FetchCache
from vndoc.fetching.client import HttpFetcher, HttpLimits
from vndoc.fetching.hosts import AllowedHosts

__all__ = ["AllowedHosts", "FetchCache", "HttpFetcher", "HttpLimits"]
