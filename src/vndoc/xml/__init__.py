"""The packet as XML: a hardened parser, attachment text cut out before the tree is made, and canonical XML.

:func:`split` gives a :class:`Skeleton`, a tree of a few kilobytes with a token in place of each long base64 text,
and a :class:`Base64Text` for each token. :func:`parse` is the same for small documents, with nothing cut out, and
:func:`parse_document` for signatures, with comments and processing instructions. All refuse document type
declarations, resolve no entity and load nothing.

:func:`canonicalize` gives the octets that a signature is made over; :func:`canonical_pieces` and :func:`digest` give
those of a whole packet, from its skeleton, without holding its attachments in memory.
"""

from vndoc.xml.base64text import Base64Text
from vndoc.xml.c14n import Canonical, canonicalize
from vndoc.xml.document import parse_document
from vndoc.xml.pieces import Hashing, canonical_pieces, digest
from vndoc.xml.skeleton import Note, Skeleton, Span, Spool
from vndoc.xml.split import parse, split

__all__ = [
    "Base64Text",
    "Canonical",
    "Hashing",
    "Note",
    "Skeleton",
    "Span",
    "Spool",
    "canonical_pieces",
    "canonicalize",
    "digest",
    "parse",
    "parse_document",
    "split",
]
