"""What the tests of the store share: a clock that stands still, rows with everything that must be there, stores."""

from __future__ import annotations

import datetime
from pathlib import Path

from vndoc.envelope.octets import MemoryOctets
from vndoc.store import BlobInfo, Delivery, Document, Message, Received, Store

NOW = datetime.datetime(2026, 11, 26, 3, 0, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.db'}"


def content(store: Store, data: bytes = b"<edXML/>") -> BlobInfo:
    """Keep *data* and enter it."""
    info = store.keep(MemoryOctets(data))
    with store.transaction() as unit:
        unit.name(info, at=NOW)
    return info


def message(number: int = 1, **changes: object) -> Message:
    values: dict[str, object] = {
        "message_id": f"m{number:06d}",
        "kind": "status",
        "carrier": "vxp",
        "sender": "000.00.00.H01",
        "recipients": ("000.00.00.H02",),
        "idempotency": f"wish-{number}",
        "created_at": NOW,
        **changes,
    }
    return Message(**values)  # type: ignore[arg-type]


def received(packet: BlobInfo, number: int = 1, **changes: object) -> Received:
    values: dict[str, object] = {
        "id": f"i{number:06d}",
        "carrier": "vxp",
        "transport_id": f"t-{number}",
        "kind": "edoc",
        "kept_at": NOW,
        "packet": packet.digest,
        "size": packet.size,
        **changes,
    }
    return Received(**values)  # type: ignore[arg-type]


def document(packet: BlobInfo, number: int = 1, **changes: object) -> Document:
    values: dict[str, object] = {
        "id": f"d{number:06d}",
        "direction": "out",
        "business_key": f"000.00.00.H01|2026|{number}/UBND",
        "version": 1,
        "kind": 0,
        "content_digest": packet.digest,
        "document_id": f"000.00.00.H01,2026/11/26,{number}/UBND",
        "sender": "000.00.00.H01",
        "packet": packet.digest,
        "created_at": NOW,
        **changes,
    }
    return Document(**values)  # type: ignore[arg-type]


def delivery(document_id: str = "d000001", recipient: str = "000.00.00.H02", **changes: object) -> Delivery:
    values: dict[str, object] = {
        "document": document_id,
        "recipient": recipient,
        "delivery": "queued",
        "updated_at": NOW,
        "final": False,
        "next_at": NOW,
        **changes,
    }
    return Delivery(**values)  # type: ignore[arg-type]
