"""The packet as XML: a hardened parser, and attachment text cut out before the tree is made.

:func:`split` gives a :class:`Skeleton`, a tree of a few kilobytes with a token in place of each long base64 text,
and a :class:`Base64Text` for each token. :func:`parse` is the same for small documents, with nothing cut out.
Both refuse document type declarations, resolve no entity and load nothing.
"""

from vndoc.xml.base64text import Base64Text
from vndoc.xml.skeleton import Skeleton, Span, Spool
from vndoc.xml.split import parse, split

__all__ = ["Base64Text", "Skeleton", "Span", "Spool", "parse", "split"]
