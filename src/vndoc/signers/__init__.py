"""Signers: keys in files, tokens (PKCS#11), remote services and SIM cards, behind one protocol."""

from vndoc.signers.keys import KeySigner
from vndoc.signers.pkcs11 import Pkcs11Signer

__all__ = ["KeySigner", "Pkcs11Signer"]
