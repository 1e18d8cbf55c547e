"""What the tests of the command share: running it, packets to run it on, and what its JSON must look like."""

from __future__ import annotations

import copy
import datetime
import json
from importlib import resources
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import vndoc
from vndoc.cli._app import app

DAY = datetime.date(2026, 3, 4)
ENGLISH = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8", "COLUMNS": "120", "TERM": "dumb"}


def call(*arguments: object, stdin: bytes | None = None, env: dict[str, str] | None = None) -> Any:
    """Run the command with *arguments*; a foreign exception fails the test."""
    runner = CliRunner(env={**ENGLISH, **(env or {})})
    result = runner.invoke(app, [str(a) for a in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def results(*arguments: object, code: int = 0, stdin: bytes | None = None) -> list[dict[str, Any]]:
    """Run the command with ``--json``; check exit code, schema and both languages; return the results."""
    found = call(*arguments, "--json", stdin=stdin)
    assert found.exit_code == code, found.output
    value = json.loads(found.stdout)
    check(value)
    assert found.stderr == ""
    return list(value["results"])


def check(value: dict[str, Any]) -> None:
    """Fail unless *value* is what the published JSON Schema of its command says, with nothing besides."""
    import jsonschema  # noqa: PLC0415 - slow to import, and only needed here

    schema = json.loads(
        resources.files("vndoc.cli").joinpath("schemas", f"{value['command']}.schema.json").read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(closed(schema)).validate(value)


def closed(schema: Any) -> Any:
    """Return *schema* with every object closed: readers may meet new properties, our tests may not."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(item) for key, item in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found["additionalProperties"] = False
    return copy.copy(found)


def document(**changes: Any) -> vndoc.DocumentPacket:
    """A document packet that passes validation, with *changes*."""
    packet = vndoc.DocumentPacket(
        from_=vndoc.Organization(organ_id="H41", organ_name="Cơ quan gửi mẫu"),
        to=(vndoc.Organization(organ_id="H14.12", organ_name="Cơ quan nhận mẫu"),),
        document_id="H41,2026/03/04,07/TB-UBND",
        code=vndoc.DocumentCode("07", "TB-UBND"),
        promulgation_info=vndoc.PromulgationInfo(place="Tỉnh Mẫu", promulgation_date=DAY),
        document_type=vndoc.DocumentType(type=2, type_detail=7, type_name="Thông báo"),
        subject="Trích yếu mẫu",
        signer_info=vndoc.SignerInfo(position="Chủ tịch", full_name="Nguyễn Văn Mẫu"),
        other_info=vndoc.OtherInfo(priority=0),
        trace_header_list=vndoc.TraceHeaderList(
            bussiness=vndoc.Bussiness(bussiness_doc_type=0),
            trace_headers=(
                vndoc.TraceHeader(organ_id="H41", timestamp=datetime.datetime.fromisoformat("2026-03-04T10:11:12")),
            ),
        ),
    )
    return packet.evolve(**changes)


def attached(*names: str) -> tuple[vndoc.Attachment, ...]:
    """Attachments with these names and different content."""
    return tuple(vndoc.Attachment.of(f"nội dung {n}".encode(), name=name) for n, name in enumerate(names, 1))


def save(path: Path, packet: vndoc.Packet, *, profile: str = "qcvn-102") -> Path:
    """Write *packet* to *path*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(vndoc.write_packet(packet, profile=profile))
    return path


def hostile(path: Path, *names: str, subject: str = "mẫu") -> Path:
    """Write a packet whose attachments have *names* that the writer would refuse: they are put in afterwards."""
    packet = document(subject="@SUBJECT@", attachments=attached(*(f"@NAME{n}@.bin" for n in range(len(names)))))
    text = vndoc.write_packet(packet, profile="vxp").decode()
    for number, name in enumerate(names):
        text = text.replace(f"@NAME{number}@.bin", name)
    path.write_text(text.replace("@SUBJECT@", subject), encoding="utf-8", newline="")
    return path
