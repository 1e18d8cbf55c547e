"""What the signature in the beginning of a packet is over, so that it can be digested while the rest arrives."""

from __future__ import annotations

import functools
from typing import Final

from lxml import etree

from vndoc.pki.algorithms import hasher
from vndoc.signature._xmldsig_names import ENVELOPED, canonical_method, digest_method, ds
from vndoc.xml import Canonical
from vndoc.xml.ahead import Plan

__all__ = ["planned"]

_SIGNATURE: Final = ds("Signature")
_REFERENCE: Final = ds("Reference")
_TRANSFORM: Final = ds("Transform")
_DIGEST_METHOD: Final = ds("DigestMethod")


def planned(root: etree._Element) -> Plan | None:
    """Return the plan for the first reference to the document around the first signature, if there is one.

    *root* is the tree of the beginning of a packet. Nothing is judged: a plan that is wrong is of no use, and does no
    harm.
    """
    signature = next(root.iter(_SIGNATURE), None)
    if signature is None:
        return None
    for reference in signature.iter(_REFERENCE):
        steps = list(reference.iter(_TRANSFORM))
        method = next(reference.iter(_DIGEST_METHOD), None)
        digest = None if method is None else digest_method(method)
        if reference.get("URI") != "" or digest is None or digest.hashlib is None:
            continue
        form: Canonical = Canonical.C14N_10
        prefixes: tuple[str, ...] = ()
        if [step.get("Algorithm") for step in steps[:1]] != [ENVELOPED] or len(steps) > 2:
            continue
        for step in steps[1:]:
            form, prefixes = canonical_method(step) or (form, prefixes)
        new = functools.partial(hasher, digest)
        return Plan(signature, form.without_comments, prefixes, digest.name, new)
    return None
