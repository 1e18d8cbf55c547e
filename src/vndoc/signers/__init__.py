"""Signers: keys in files, tokens (PKCS#11), remote services and SIM cards, behind one protocol."""

from vndoc.signers.keys import KeySigner
from vndoc.signers.pkcs11 import Pkcs11Signer
from vndoc.signers.remote import CscSigner

__all__ = ["CscSigner", "KeySigner", "Pkcs11Signer"]
