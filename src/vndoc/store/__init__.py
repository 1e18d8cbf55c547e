"""What is to be sent, what has come, and the proof of both: durable, in one database and one store of contents.

SQLite for one process or a few, PostgreSQL for many workers. Needs the extra ``store`` (and ``postgres``).
"""

from sqlalchemy import Connection

from vndoc.store.blobs import BlobInfo, BlobOctets, Blobs, FolderBlobs
from vndoc.store.documents import Documents
from vndoc.store.inbox import Inbox
from vndoc.store.outbox import Outbox
from vndoc.store.records import Records
from vndoc.store.store import TRANSIENT, Store, Unit
from vndoc.store.values import (
    OPERATOR,
    PEER,
    Attempt,
    Change,
    Delivery,
    Document,
    Evidence,
    Heard,
    InboxRow,
    InboxState,
    Lease,
    Message,
    OutboxRow,
    OutboxState,
    Page,
    Purged,
    Receipt,
    Received,
    Retention,
    Snapshot,
    Stuck,
)

__all__ = [
    "OPERATOR",
    "PEER",
    "TRANSIENT",
    "Attempt",
    "BlobInfo",
    "BlobOctets",
    "Blobs",
    "Change",
    "Connection",
    "Delivery",
    "Document",
    "Documents",
    "Evidence",
    "FolderBlobs",
    "Heard",
    "Inbox",
    "InboxRow",
    "InboxState",
    "Lease",
    "Message",
    "Outbox",
    "OutboxRow",
    "OutboxState",
    "Page",
    "Purged",
    "Receipt",
    "Received",
    "Records",
    "Retention",
    "Snapshot",
    "Store",
    "Stuck",
    "Unit",
]
