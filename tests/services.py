"""Services that tests talk to: a PostgreSQL server, and databases of it that live as long as a test.

``VNDOC_TEST_POSTGRES`` names another server (``postgresql://user@host/database``). Without one the tests are
skipped, or fail where ``VNDOC_REQUIRE_SERVICES=1``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from conftest import missing

POSTGRES = os.environ.get("VNDOC_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REQUIRE = "VNDOC_REQUIRE_SERVICES"


@contextmanager
def postgres_database() -> Iterator[str]:
    """Give the URL of a new, empty database, and drop it at the end."""
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        missing("no PostgreSQL server answers", REQUIRE)
        raise
    name = f"vndoc_test_{uuid.uuid4().hex}"
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRES.rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
