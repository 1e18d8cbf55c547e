"""Every resource limit, in one frozen value, each with its reason."""

from __future__ import annotations

import attrs

__all__ = ["DEFAULT", "Limits"]

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB


@attrs.frozen(kw_only=True)
class Limits:
    """What reading may cost at most. All sizes are octets; every limit itself is still allowed.

    Make a stricter or wider value with :func:`attrs.evolve`.
    """

    packet_bytes: int = 2 * _GIB
    """Size of the whole packet file: bounds the disk a spooled packet takes."""

    skeleton_bytes: int = 4 * _MIB
    """Size of the packet without attachment text: this part is held in memory as a tree (about 15 times as much)."""

    document_bytes: int = 64 * _MIB
    """Size of an XML document that is not a packet, such as a signature that holds what it signs: all of it is held
    in memory, two times while it is canonicalised."""

    document_nodes: int = 1_000_000
    """Tags and attributes of such a document, counted as its ``<`` and ``=``: each costs about 100 octets as a tree."""

    token_bytes: int = _MIB
    """Longest single tag, comment or processing instruction: the stream parser re-scans an unfinished token."""

    inline_text: int = 8 * _KIB
    """Attachment texts up to this many octets stay in the skeleton: cutting them out would not pay."""

    in_memory_bytes: int = 4 * _MIB
    """Files given by their path up to this size are read into memory at once; larger ones are read when needed."""

    buffered_bytes: int = 16 * _MIB
    """What comes from an open file or a pipe is kept in memory up to this size; more goes to a temporary file."""

    depth: int = 64
    """Nested elements: a packet with a XAdES signature needs about 20; parsers overflow in the thousands."""

    attributes: int = 256
    """Attributes of one element: real ones have below 10; libxml2 looks for each by going through those before it."""

    attachments: int = 1_000
    """Attachments in one packet: real packets carry below 50; each costs a few objects."""

    receivers: int = 20_000
    """``To`` blocks in one packet: above the number of all communes, below what fills the memory."""

    deviations: int = 1_000
    """Deviations reported for one packet, errors before all others; then one entry says that the list was cut."""

    attachment_bytes: int = _GIB
    """Size of one attachment, unpacked or never packed."""

    unpack_ratio: int = 200
    """Unpacked size divided by packed size of a zip entry (deflate reaches 1,032); see ``unpack_free_bytes``."""

    unpack_free_bytes: int = 10 * _MIB
    """What zips beyond the ratio may unpack to, all those of one packet: small files of one character are harmless."""

    unpacked_bytes: int = 2 * _GIB
    """Unpacked size of all zipped attachments of one packet: no more than a packet without zips may bring along."""

    zip_directory_bytes: int = 64 * _KIB
    """Central directory of an attachment's zip: one entry needs below 200 octets; the module holds it in memory."""

    cms_bytes: int = 16 * _MIB
    """Size of a CMS signature without the content in it: certificates and revocation lists, held in memory."""

    cms_segments: int = 1_000_000
    """Pieces of the content of a CMS signature in BER; writers cut at 1 KiB or more, each piece costs 16 octets."""

    cms_signers: int = 200
    """Signers in one CMS signature, counter-signers and timestamps included: each costs a public-key operation."""

    cms_certificates: int = 1_000
    """Certificates in one CMS signature: real ones carry below 20."""

    signed_attributes_bytes: int = _MIB
    """Signed attributes of one signer; revocation material among them takes some 100 KiB."""

    evidence_bytes: int = 128 * _MIB
    """Size of an evidence record: revocation lists in base64 make up nearly all of it, and all is held in memory."""


DEFAULT = Limits()
"""The limits used where the caller gives none."""
