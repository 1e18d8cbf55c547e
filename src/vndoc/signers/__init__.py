"""Signers: keys in files, tokens (PKCS#11), remote services and SIM cards, behind one protocol."""

from vndoc.signers.keys import KeySigner

__all__ = ["KeySigner"]
