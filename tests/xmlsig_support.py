"""XML signatures made by hand for the tests: every field is free, the octets are canonical, the value is real.

The makers of the package are not used here, so that what they get wrong cannot hide in what they are tested with.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from vndoc.testing.pki import Authority, Identity
from vndoc.xml import Canonical, canonicalize, parse_document

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = MORE + "rsa-sha256"
ENVELOPED = DS + "enveloped-signature"
C14N = Canonical.C14N_10.value
EXCLUSIVE = Canonical.EXCLUSIVE.value
AT = datetime.datetime(2026, 3, 2, 8, 30, tzinfo=datetime.UTC)

ROOT = Authority.root("Gốc thử nghiệm")
CA = ROOT.subordinate("CA thử nghiệm")
AN = CA.person("Nguyễn Văn An", cccd="001099000001")
BINH = CA.person("Trần Thị Bình")
CURVE = CA.person("Lê Văn Cường", key="p256")

_DIGESTS = {"sha256": SHA256, "sha1": DS + "sha1", "sha512": "http://www.w3.org/2001/04/xmlenc#sha512"}


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def reference(
    uri: str | None,
    digest: str = "",
    *,
    transforms: tuple[str, ...] = (),
    kind: str = "",
    method: str = SHA256,
    name: str = "",
) -> str:
    """Return a Reference in the default namespace; without *digest* the value is filled in by :func:`sealed`."""
    steps = "".join(t if t.startswith("<") else f'<Transform Algorithm="{t}"/>' for t in transforms)
    return (
        "<Reference"
        + ("" if uri is None else f' URI="{uri}"')
        + (f' Type="{kind}"' if kind else "")
        + (f' Id="{name}"' if name else "")
        + ">"
        + (f"<Transforms>{steps}</Transforms>" if steps else "")
        + f'<DigestMethod Algorithm="{method}"/><DigestValue>{digest or "?"}</DigestValue></Reference>'
    )


def certificates(*identities: Identity) -> str:
    shown = "".join(f"<X509Certificate>{b64(i.certificate.der)}</X509Certificate>" for i in identities)
    return f"<KeyInfo><X509Data>{shown}</X509Data></KeyInfo>"


def signature(
    *references: str,
    key_info: str | None = None,
    objects: str = "",
    method: str = RSA_SHA256,
    inner: str = "",
    canonical: str = C14N,
    name: str = "sig",
) -> str:
    """Return a Signature without a prefix, as Vietnamese software writes it; the value is filled in later."""
    return (
        f'<Signature xmlns="{DS}" Id="{name}"><SignedInfo><CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<SignatureMethod Algorithm="{method}">{inner}</SignatureMethod>{"".join(references)}</SignedInfo>'
        f"<SignatureValue>?</SignatureValue>{certificates(AN) if key_info is None else key_info}{objects}</Signature>"
    )


def enveloped(body: str = "<b>Kính gửi</b>", **how: object) -> str:
    return f"<a>{body}{signature(reference('', transforms=(ENVELOPED, C14N)), **how)}</a>"


Digester = Callable[[etree._Element, etree._Element], bytes]


def target_octets(node: etree._Element, sign: etree._Element) -> bytes:
    """Return what an honest signer digests: the element of that Id, or the document without the signature."""
    uri = node.get("URI", "")
    root = sign.getroottree().getroot()
    steps = [t.get("Algorithm") for t in node.iter(f"{{{DS}}}Transform")]
    found = root if uri == "" else next(e for e in root.iter("*") if uri[1:] in (e.get("Id"), e.get("id"), e.get("ID")))
    form = next((Canonical(s) for s in steps if s in {c.value for c in Canonical}), Canonical.C14N_10)
    without = sign if ENVELOPED in steps else None
    return canonicalize(found, form, without=without, whole_document=uri == "")


def sealed(
    text: str | bytes,
    identity: Identity = AN,
    *,
    octets: Digester = target_octets,
    digest: str = "sha256",
    which: int = 0,
) -> bytes:
    """Return the document with the digests and the value of its signature number *which* filled in."""
    data = text.encode() if isinstance(text, str) else text
    root = parse_document(data)
    sign = list(root.iter(f"{{{DS}}}Signature"))[which]
    for node in sign.iter(f"{{{DS}}}Reference"):
        value = node.find(f"{{{DS}}}DigestValue")
        if value is not None and value.text == "?":
            method = node.find(f"{{{DS}}}DigestMethod").get("Algorithm")
            name = next(n for n, uri in _DIGESTS.items() if uri == method)
            value.text = b64(hashlib.new(name, octets(node, sign)).digest())
    info = sign.find(f"{{{DS}}}SignedInfo")
    form = Canonical(info.find(f"{{{DS}}}CanonicalizationMethod").get("Algorithm"))
    sign.find(f"{{{DS}}}SignatureValue").text = b64(value_of(identity, canonicalize(info, form), digest))
    return etree.tostring(root.getroottree(), encoding="utf-8")


def value_of(identity: Identity, data: bytes, digest: str = "sha256") -> bytes:
    hash_ = {"sha256": hashes.SHA256, "sha1": hashes.SHA1, "sha512": hashes.SHA512}[digest]()
    key = identity.key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        return b"".join(n.to_bytes(size, "big") for n in decode_dss_signature(key.sign(data, ec.ECDSA(hash_))))
    return key.sign(data, padding.PKCS1v15(), hash_)


def codes(facts: object) -> list[str]:
    return [r.code for r in facts.reasons]


def sound(facts: object, identity: Identity = AN) -> bool:
    """Return whether everything that the reader can prove is proven, and nothing decides against the signature."""
    return (
        facts.verify(identity.certificate)
        and all(c.intact for c in facts.covered)
        and not any(r.decides for r in facts.reasons)
    )


def edited(data: bytes, pattern: str, new: str, *, count: int = 1) -> bytes:
    """Return *data* with the first match of *pattern* replaced; it must be there."""
    found, made = re.subn(pattern, lambda _: new, data.decode(), count=count, flags=re.DOTALL)
    assert made
    return found.encode()
