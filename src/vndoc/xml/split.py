"""Take a packet apart: the tree without the attachments' text, and that text as re-openable values."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn, cast

import attrs
from lxml import etree

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import LimitError, ReadError, SourceError, VndocError
from vndoc.limits import DEFAULT, Limits
from vndoc.xml import sniff
from vndoc.xml.elide import Arrival, elide
from vndoc.xml.skeleton import Skeleton, Spool
from vndoc.xml.stream import stream

__all__ = ["parse", "split"]


def split(
    source: Octets,
    *,
    spool: Callable[[], Spool],
    limits: Limits = DEFAULT,
    recover: bool = False,
    arrival: Arrival | None = None,
) -> Skeleton:
    """Take the packet in *source* apart.

    Attachment texts above ``limits.inline_text`` octets are cut out, checked to be base64 on the way, and replaced
    by tokens. *spool* makes a temporary store; it is called when such a text cannot be used where it lies (other
    encodings, CDATA, character references), so most often never. With *recover*, stray octets before the XML are
    left out, a missing declaration of the prefix ``xlink`` is added, and a declared encoding that the octets
    contradict is not believed; :attr:`Skeleton.recovered` tells. *arrival* has taken the octets while they came.

    Raises :class:`ReadError` (``empty-input``, ``not-xml``, ``xml-malformed``, ``xml-unbound-prefix``,
    ``xml-junk``, ``xml-dtd``, ``xml-encoding``, ``xml-encoding-mismatch``), :class:`LimitError` for a limit,
    :class:`SourceError` if the source or the spool fails. Damaged base64 is no error here: see ``damage`` of
    :class:`~vndoc.xml.base64text.Base64Text`.

    Source: practice (conflict C-21 for *recover*); XML 1.0 and Namespaces in XML 1.0.
    """
    if source.size > limits.packet_bytes:
        raise LimitError("limit-packet-bytes", limit=limits.packet_bytes)
    try:
        skeleton = elide(source, limits) if arrival is None else arrival.skeleton(source)
        if skeleton is None:
            skeleton = stream(source, limits, spool=spool)
    except ReadError as error:
        if not recover:
            raise
        skeleton = _recover(source, limits, spool, error)
    except VndocError:
        raise
    except OSError as error:
        _unreadable(source, error)
    return skeleton


def _recover(source: Octets, limits: Limits, spool: Callable[[], Spool], error: ReadError) -> Skeleton:
    """Try again with what *error* asks for; raise the error that remains."""
    junk: sniff.Junk | None = None
    declare = False
    encoding: str | None = None
    while True:
        if error.code == "xml-junk" and junk is None:
            with source.open() as file:
                junk = sniff.find_junk(file.read(sniff.HEAD))
        elif error.code == "xml-unbound-prefix" and str(error.values["detail"]).startswith("xlink:") and not declare:
            declare = True
        elif error.code == "xml-encoding-mismatch":
            encoding = str(error.values["expected"])
        else:
            raise _final(error)
        skip = 0 if junk is None else junk.length
        try:
            skeleton = elide(source, limits, skip=skip, declare=declare)
            if skeleton is None:
                skeleton = stream(source, limits, spool=spool, skip=skip, declare=declare, encoding=encoding)
        except ReadError as next_error:
            error = next_error
            continue
        steps = (("junk", junk is not None), ("encoding", encoding is not None), ("xlink", declare))
        done = tuple(name for name, taken in steps if taken)
        return attrs.evolve(skeleton, recovered=done, junk=b"" if junk is None else junk.shown)


def _final(error: ReadError) -> ReadError:
    """Return *error* without the advice to recover, which was taken."""
    if "hint" not in error.values:
        return error
    return ReadError(error.code, place=error.place, **{**error.values, "hint": ""})


def _unreadable(source: Octets, error: OSError) -> NoReturn:
    raise SourceError("source-unreadable", name=repr(source), detail=error.strerror or type(error).__name__) from error


def parse(data: bytes, *, limits: Limits = DEFAULT) -> etree._Element:
    """Return the root of the XML document *data*, all text in the tree; comments and PIs are left out.

    Raises :class:`ReadError` as :func:`split` does; *data* may have ``limits.skeleton_bytes`` octets at most.
    """
    never = cast("Callable[[], Spool]", None)  # no text is longer than sys.maxsize
    return split(MemoryOctets(data), spool=never, limits=attrs.evolve(limits, inline_text=sys.maxsize)).root
