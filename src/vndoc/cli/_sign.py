"""``vndoc sign``: a packet is sealed, any other file gets a detached CMS signature, XML one of its own."""

from __future__ import annotations

import datetime
import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

import vndoc
from vndoc.cli._fetching import AllowHosts, AllowPrivateHosts, FetchOption, check_tsa, fetcher_of
from vndoc.cli._options import AsJson, Language, Overwrite, ProfileName
from vndoc.cli._page import number_text
from vndoc.cli._run import Result, Run, filled, running
from vndoc.cli._target import Draft
from vndoc.edxml import Profile, profile_of
from vndoc.errors import UsageError
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.signature.cms import sign_cms
from vndoc.signature.signing import check_signing_certificate
from vndoc.signature.tsp import Stamp, stamp_by
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.signers.keys import KeySigner
from vndoc.text import Text

__all__ = ["sign"]

_NONCE_BITS = 64
_FORMS = ("seal", "cms", "xml")
_NO_FORM = Text("--form nhận seal, cms hoặc xml", "--form takes seal, cms or xml")
_NO_TSA = Text("--fetch chỉ dùng cùng --tsa", "--fetch goes with --tsa")
_NO_VARIABLE = Text("không có biến môi trường {name}", "there is no environment variable {name}")


def sign(
    file: Annotated[str, typer.Argument(help="to-sign", show_default=False)],
    key: Annotated[Path, typer.Option("--key", help="key", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="output", show_default=False)],
    certificates: Annotated[
        Path | None, typer.Option("--certificates", help="certificates", show_default=False)
    ] = None,
    passphrase_env: Annotated[
        str | None, typer.Option("--passphrase-env", help="passphrase", show_default=False)
    ] = None,
    form: Annotated[str, typer.Option("--form", help="signature-form")] = "seal",
    profile: ProfileName = "qcvn-102",
    tsa: Annotated[str | None, typer.Option("--tsa", help="sign-tsa", show_default=False)] = None,
    fetch: FetchOption = False,
    allow_host: AllowHosts = None,
    allow_private_host: AllowPrivateHosts = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Sign one file."""
    with running("sign", lang, as_json=as_json) as run:
        if form not in _FORMS:
            raise UsageError("option-invalid", detail=_NO_FORM)
        now = datetime.datetime.now(datetime.UTC)
        signer = _signer(key, certificates, passphrase_env)
        if signer.protected is False and passphrase_env is not None:
            run.warn(run.word("key-not-protected", name=key))
        check_signing_certificate(signer.certificate, at=now)
        stamp = _stamp(run, tsa, fetch=fetch, hosts=allow_host, private=allow_private_host)
        data = _signed(file, form, signer, profile_of(profile), now, stamp)
        with Draft(output, overwrite=overwrite) as draft:
            draft.write(data)
            draft.publish()
        result: Result = {"status": "passed", "form": form, "output": str(output), "size": len(data)}
        run.add(file, {**result, "timestamped": stamp is not None, "key_protected": signer.protected})
        run.say(run.word("signed", name=file, output=output, size=number_text(run, len(data))))


def _signer(key: Path, certificates: Path | None, variable: str | None) -> KeySigner:
    """Return the signer of a PEM or PKCS#12 file; the passphrase never stands on the command line."""
    secret = None
    if variable is not None:
        if variable not in os.environ:
            raise UsageError("option-invalid", detail=filled(_NO_VARIABLE, name=variable))
        secret = os.environ[variable].encode()
    data = _octets(str(key))
    if key.suffix.lower() in {".p12", ".pfx"}:
        return KeySigner.from_pkcs12(data, secret)
    return KeySigner.from_pem(data, () if certificates is None else _octets(str(certificates)), passphrase=secret)


def _stamp(
    run: Run, url: str | None, *, fetch: bool, hosts: list[str] | None, private: list[str] | None
) -> Stamp | None:
    """Return what gets timestamps from the authority at *url*, ``None`` without one."""
    fetcher = fetcher_of(run, fetch=fetch, hosts=hosts, private=private, cache=None)
    if url is not None:
        return stamp_by(check_tsa(url, fetcher), url)
    if fetcher is not None:
        raise UsageError("option-invalid", detail=_NO_TSA)
    return None


def _octets(path: str) -> bytes:
    """Return what is in a file; of one that is larger than any that is signed as a whole, enough to tell."""
    with acquire(path, DEFAULT).open() as file:
        return file.read(DEFAULT.document_bytes + 1)


def _signed(
    file: str, form: str, signer: KeySigner, profile: Profile, now: datetime.datetime, stamp: Stamp | None
) -> bytes:
    nonce = None if stamp is None else secrets.randbits(_NONCE_BITS)
    if form == "cms":
        return sign_cms(acquire(file, DEFAULT), signer=signer, signing_time=now, stamp=stamp, nonce=nonce)
    if form == "xml":
        return sign_xml(_octets(file), signer=signer, signing_time=now, stamp=stamp, nonce=nonce)
    with vndoc.read(file) as reading:
        return vndoc.write_packet(vndoc.seal(reading.document, signer, at=now, stamp=stamp), profile=profile)
