"""A RabbitMQ that tests talk to. ``VNDOC_TEST_RABBITMQ`` names another than that on this machine.

Without one the tests are skipped, or fail where ``VNDOC_REQUIRE_SERVICES=1``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from urllib.parse import urlsplit

from conftest import missing

RABBITMQ = os.environ.get("VNDOC_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/%2F")
REQUIRE = "VNDOC_REQUIRE_SERVICES"


def amqp_url() -> str:
    """Return the address of a RabbitMQ that answers."""
    parts = urlsplit(RABBITMQ)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), 2).close()
    except OSError as error:
        missing(f"no RabbitMQ answers at {parts.hostname}:{parts.port or 5672} ({error.strerror})", REQUIRE)
    return RABBITMQ


def control() -> str:
    """Return the program that stops and starts the broker, where we may use it."""
    found = shutil.which("rabbitmqctl")
    if found is None or subprocess.run([found, "status"], capture_output=True, check=False).returncode:
        missing("no right to restart a RabbitMQ here", REQUIRE)
    assert found is not None
    return found
