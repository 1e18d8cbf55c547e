"""``vndoc trust``: list, add, check and show the certificates that are trusted. Nothing is trusted unasked."""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from vndoc.cli._options import AsJson, Language, Overwrite
from vndoc.cli._page import STYLES
from vndoc.cli._run import Result, Run, both, filled, running
from vndoc.cli._target import Draft, SafeFolder
from vndoc.cli._times import end_of, time_of
from vndoc.cli._trust import Anchor, Folder, lists_of, open_folder, read_file
from vndoc.cli._trust_bundle import bundle
from vndoc.cli._trust_check import about_anchor, check_folder
from vndoc.cli._trust_settings import Setting, digits, purposes_of, read_settings, write_settings
from vndoc.errors import CertificateError, UsageError, VndocError
from vndoc.pki import Certificate, Crl, OcspResponse, TrustAnchor, load_certificates
from vndoc.pki.algorithms import key_family
from vndoc.pki.recognised import CONFIRM, RECOGNISED
from vndoc.text import Text

__all__ = ["add", "check", "list_anchors", "show", "trust"]

trust = typer.Typer(name="trust", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
"""The group of commands."""

_FolderOption = Annotated[Path, typer.Option("--trust", help="trust-folder", show_default=False)]
_At = Annotated[str | None, typer.Option("--at", help="at-time", show_default=False)]

_PREFIX = 8
"""Digits of a fingerprint that name a certificate, at least."""
_DONE, _REFUSED = "passed", "failed"
_NOT_ONE = Text("{count} chứng thư số trong tệp, cần đúng một", "{count} certificates in the file, one is expected")
_REVOCATION = Text(
    "đây là dữ liệu thu hồi; hãy để tệp trong thư mục con revocation của --trust",
    "this is revocation data; it belongs into the subfolder revocation of --trust",
)
_BAD_PREFIX = Text(
    "{found}: không phải tệp, cũng không phải {count} chữ số đầu của vân tay SHA-256 trở lên",
    "{found} is no file, nor the first {count} or more digits of a SHA-256 fingerprint",
)


@trust.command("list", help="trust-list")
def list_anchors(folder: _FolderOption, as_json: AsJson = False, lang: Language = None) -> None:
    """List what a folder trusts."""
    with running("trust-list", lang, as_json=as_json) as run:
        found = open_folder(folder)
        anchors = [_anchor_view(one) for one in found.anchors]
        counts = {"pool": len(found.pool), "crls": len(found.crls), "ocsps": len(found.ocsps)}
        run.add(str(folder), {"status": _DONE, "anchors": anchors, "counts": counts})
        for view in anchors:
            _show_anchor(run, view)
        run.say(run.word("trust-counts", anchors=len(anchors), **counts))


@trust.command("add", help="trust-add")
def add(
    file: Annotated[Path, typer.Argument(help="certificate-file", show_default=False)],
    folder: _FolderOption,
    purpose: Annotated[list[str], typer.Option("--purpose", help="purpose", show_default=False)],
    fingerprint: Annotated[str | None, typer.Option("--fingerprint", help="fingerprint", show_default=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="yes")] = False,
    legacy: Annotated[bool, typer.Option("--legacy", help="legacy")] = False,
    not_after: Annotated[str | None, typer.Option("--not-after", help="not-after", show_default=False)] = None,
    name: Annotated[str | None, typer.Option("--name", help="anchor-name", show_default=False)] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Trust one certificate more."""
    with running("trust-add", lang, as_json=as_json) as run:
        end = None if not_after is None else end_of(not_after, "--not-after")
        setting = Setting(purposes=purposes_of(purpose), legacy=legacy, not_after=end, name=name)
        job = _Adding(folder, _only(file), setting)
        outcome = job.refused(fingerprint, yes=yes, overwrite=overwrite)
        if outcome == "added":
            job.write()
        view = job.view(outcome)
        run.add(str(file), view)
        _show_certificate(run, view["certificate"])
        _show_findings(run, view["findings"])
        style = "bold green" if view["status"] == _DONE else STYLES["error"]
        run.say(run.word(f"trust-{outcome}", folder=folder), style)


def _certificates(file: Path) -> tuple[Certificate, ...]:
    """Return the certificates in *file*; an error says so where it is revocation data."""
    data = read_file(file)
    try:
        return load_certificates(data)
    except CertificateError:
        if not _is_revocation(lists_of(data)[0]):
            raise
    raise CertificateError("certificate-malformed", detail=_REVOCATION)


def _is_revocation(data: bytes) -> bool:
    for load in (Crl.load, OcspResponse.load):
        with contextlib.suppress(CertificateError):
            load(data)
            return True
    return False


def _only(file: Path) -> Certificate:
    found = _certificates(file)
    if len(found) != 1:
        raise CertificateError("certificate-malformed", detail=filled(_NOT_ONE, count=len(found)))
    return found[0]


@attrs.frozen
class _Adding:
    """One certificate on its way into a folder."""

    folder: Path
    certificate: Certificate
    setting: Setting

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint.hex()

    def refused(self, fingerprint: str | None, *, yes: bool, overwrite: bool) -> str:
        """Return ``added`` where the certificate may be added, else why not."""
        if fingerprint is None and not yes:
            return "not-confirmed"
        if fingerprint is not None and digits(fingerprint) != self.sha256:
            return "other-fingerprint"
        known = {one.anchor.certificate for one in self._present().anchors}
        if self.certificate in known and not overwrite:
            return "present"
        return "added"

    def _present(self) -> Folder:
        """Return what the folder holds; one that is not there yet holds nothing."""
        if self.folder.exists():
            return open_folder(self.folder)
        return Folder(path=self.folder, held=(), settings={}, crls={}, ocsps={}, broken={})

    def write(self) -> None:
        """Write the row, then the certificate: without its row it would be trusted for more than was said."""
        present = self._present()
        SafeFolder(self.folder)
        write_settings(self.folder, {**read_settings(self.folder), self.sha256: self.setting})
        if all(one.anchor.certificate != self.certificate for one in present.anchors):
            with Draft(self.folder / f"{self.sha256}.cer", overwrite=True) as draft:
                draft.write(self.certificate.der)
                draft.publish()

    def view(self, outcome: str) -> Result:
        """Return what became of it."""
        row = self.setting
        anchor = TrustAnchor(
            certificate=self.certificate, purposes=row.purposes, legacy=row.legacy, not_after=row.not_after
        )
        return {
            "status": _DONE if outcome == "added" else _REFUSED,
            "outcome": outcome,
            "certificate": _certificate_view(self.certificate),
            "setting": row.to_dict(),
            "findings": _found_of(Anchor(anchor, ("",))),
        }


def _found_of(anchor: Anchor) -> list[dict[str, Any]]:
    """Return what is to be known now about one anchor that stands in no folder."""
    now = datetime.datetime.now(datetime.UTC)
    return [{**finding.to_dict(), "file": None} for finding in about_anchor(anchor, now)]


@trust.command("check", help="trust-check")
def check(
    folder: _FolderOption,
    at: _At = None,
    strict: Annotated[bool, typer.Option("--strict", help="strict")] = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Check what a folder trusts."""
    with running("trust-check", lang, as_json=as_json) as run:
        findings = [f.to_dict() for f in check_folder(open_folder(folder, strict=False), time_of(at, "--at"))]
        counts = {key: sum(f["severity"] == key for f in findings) for key in ("error", "warning", "note")}
        bad = counts["error"] or (strict and counts["warning"])
        status = _REFUSED if bad else _DONE
        run.add(str(folder), {"status": status, "counts": counts, "findings": findings})
        line = run.word(
            "outcome",
            name=folder,
            outcome=run.word(status),
            errors=counts["error"],
            warnings=counts["warning"],
            notes=counts["note"],
        )
        run.say(line, STYLES["error"] if bad else "bold green")
        _show_findings(run, findings)


@trust.command("show", help="trust-show")
def show(
    items: Annotated[list[str], typer.Argument(help="certificates-or-fingerprints", show_default=False)],
    folder: Annotated[Path | None, typer.Option("--trust", help="trust-folder", show_default=False)] = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Show certificates."""
    with running("trust-show", lang, as_json=as_json) as run:
        held = None if folder is None else open_folder(folder)
        for item in items:
            try:
                views = [_shown(certificate, held) for certificate in _named(item, held)]
            except VndocError as error:
                run.broke(item, error)
                continue
            run.add(item, {"status": _DONE if views else _REFUSED, "certificates": views})
            for view in views:
                _show_certificate(run, view["certificate"])
                trusted = view["trusted"]
                run.say("  " + (run.word("not-trusted") if trusted is None else _trusted_line(run, trusted)))
            if not views:
                run.say(run.word("no-certificate", found=item), STYLES["error"])


trust.command("bundle", help="trust-bundle")(bundle)


def _named(item: str, held: Folder | None) -> list[Certificate]:
    """Return the certificates of the file *item*, or those in the folder whose fingerprint begins so."""
    if Path(item).is_file():
        return list(_certificates(Path(item)))
    wanted = digits(item)
    if len(wanted) < _PREFIX or not set(wanted) <= set("0123456789abcdef"):
        raise UsageError("option-invalid", detail=filled(_BAD_PREFIX, found=item, count=_PREFIX))
    known = () if held is None else tuple(dict.fromkeys(one.certificate for one in held.held))
    return [certificate for certificate in known if certificate.fingerprint.hex().startswith(wanted)]


def _shown(certificate: Certificate, held: Folder | None) -> dict[str, Any]:
    anchors = () if held is None else held.anchors
    found = next((one for one in anchors if one.anchor.certificate == certificate), None)
    return {
        "certificate": _certificate_view(certificate),
        "trusted": None if found is None else _trusted_view(found.anchor),
    }


# -- plain values --------------------------------------------------------------------------------------


def _certificate_view(certificate: Certificate) -> dict[str, Any]:
    sha256 = certificate.fingerprint.hex()
    known = RECOGNISED.get(sha256.upper())
    key: str | None
    algorithm: str | None
    try:
        key, algorithm = _key(certificate), str(certificate.signature_algorithm)
    except CertificateError:
        key = algorithm = None
    return {
        "subject": certificate.subject_text,
        "issuer": certificate.issuer_text,
        "serial": f"{certificate.serial:X}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "sha256": sha256,
        "key": key,
        "algorithm": algorithm,
        "ca": certificate.profile.ca,
        "recognised": None
        if known is None
        else {
            "name": known.name,
            "family": known.family,
            "role": known.role,
            "publisher": known.publisher,
            "confirm": both(CONFIRM),
        },
    }


def _key(certificate: Certificate) -> str:
    return f"{key_family(certificate.public_key).value.partition('-')[0]} {certificate.key_bits}"


def _trusted_view(anchor: TrustAnchor) -> dict[str, Any]:
    until = anchor.not_after
    return {
        "purposes": sorted(anchor.purposes),
        "legacy": anchor.legacy,
        "not_after": None if until is None else until.isoformat(),
        "name": anchor.name,
    }


def _anchor_view(one: Anchor) -> dict[str, Any]:
    return {
        "certificate": _certificate_view(one.anchor.certificate),
        "trusted": _trusted_view(one.anchor),
        "files": list(one.files),
    }


# -- the page ------------------------------------------------------------------------------------------


def _show_anchor(run: Run, view: dict[str, Any]) -> None:
    _show_certificate(run, view["certificate"], view["trusted"]["name"])
    run.say("  " + _trusted_line(run, view["trusted"]))
    run.say("  " + run.word("trust-files", files=", ".join(view["files"])), "dim")


def _show_certificate(run: Run, view: dict[str, Any], name: str | None = None) -> None:
    run.say(view["subject"] if name is None else name, "bold")
    known = view["recognised"]
    rows = {
        "trust-issuer": view["issuer"],
        "trust-serial": view["serial"],
        "trust-validity": f"{view['not_before']} – {view['not_after']}",
        "trust-key": f"{view['key'] or '?'}; {view['algorithm'] or '?'}",
        "trust-fingerprint": _grouped(view["sha256"]),
        "trust-recognised": None if known is None else f"{known['name']} ({known['family']}; {known['publisher']})",
    }
    for label, value in rows.items():
        if value is not None:
            run.say(f"  {run.word(label)}: {value}")
    run.say("  " + (run.word("trust-unknown") if known is None else known["confirm"][run.lang]), "yellow")


def _grouped(sha256: str) -> str:
    return ":".join(sha256[at : at + 2].upper() for at in range(0, len(sha256), 2))


def _trusted_line(run: Run, trusted: dict[str, Any]) -> str:
    parts = [", ".join(run.word(f"purpose-{purpose}") for purpose in trusted["purposes"])]
    if trusted["legacy"]:
        parts.append(run.word("trust-legacy"))
    if trusted["not_after"] is not None:
        parts.append(run.word("trust-until", until=trusted["not_after"]))
    return run.word("trusted-for", how="; ".join(parts))


def _show_findings(run: Run, findings: list[dict[str, Any]]) -> None:
    for one in findings:
        subject = one["file"] or ""
        if one["sha256"] is not None:
            subject = f"{subject} {one['sha256'][:16]}".strip()
        word, text = run.word(f"severity-{one['severity']}"), one["text"][run.lang]
        run.say(f"  {word}: {subject}{' ' if subject else ''}{text} [{one['check']}]", STYLES[one["severity"]])
