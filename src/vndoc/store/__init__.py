"""What is to be sent, what has come, and the proof of both: durable, in one database and one store of contents.

SQLite for one process or a few, PostgreSQL for many workers. Needs the extra ``store`` (and ``postgres``): without it,
importing this package raises :class:`~vndoc.errors.UsageError` ``extra-missing``.
"""

from vndoc.errors import UsageError

try:
    from sqlalchemy import Connection as Connection  # for annotations of hooks; it is documented elsewhere
except ImportError:
    raise UsageError("extra-missing", found="store") from None

from vndoc.store.blobs import BlobInfo, BlobOctets, Blobs, FolderBlobs
from vndoc.store.documents import Documents
from vndoc.store.inbox import Inbox
from vndoc.store.lives import Lives
from vndoc.store.outbox import Outbox
from vndoc.store.records import Records
from vndoc.store.store import TRANSIENT, Store, Unit
from vndoc.store.values import (
    OPERATOR,
    PEER,
    Attempt,
    Change,
    Conflict,
    Delivery,
    Document,
    Evidence,
    Heard,
    InboxRow,
    InboxState,
    Lease,
    LifeRow,
    Message,
    OutboxRow,
    OutboxState,
    Page,
    Purged,
    Receipt,
    Received,
    Retention,
    Saga,
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
    "Conflict",
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
    "LifeRow",
    "Lives",
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
    "Saga",
    "Snapshot",
    "Store",
    "Stuck",
    "Unit",
]
