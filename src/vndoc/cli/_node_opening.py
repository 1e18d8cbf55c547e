"""Opening the node that a configuration describes: its policy, its carriers, its store.

The options of the carriers that come with vndoc are checked by name and type, so that a mistake is named and not met
later: paths are relative to the folder of the configuration, lengths of time are numbers of days, and what HTTP and TLS
need stands in tables of their own. Options of other people's carriers are handed on as they stand.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import attrs

from vndoc.cli._node_settings import Settings, broken, not_empty, typed
from vndoc.cli._table import open_table
from vndoc.cli._trust import Trust, trust_of
from vndoc.errors import UsageError
from vndoc.exchange import SendingRules
from vndoc.signature.policy import policy_of
from vndoc.text import Text
from vndoc.transport.http import HttpOptions
from vndoc.transport.secret import Secret

__all__ = ["open_node", "retention_of"]

_NUMBER: Final = (int, float)
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(
        ("endpoint", "system_id", "username", "application_code", "organ", "hash_style", "send_to"), (str,)
    ),
    **dict.fromkeys(("secret", "password", "token", "url", "prefix", "root", "blobs"), (str,)),
    **dict.fromkeys(("max_bytes", "inline_limit", "delivery_limit", "max_failures", "deep"), (int,)),
    **dict.fromkeys(("timeout", "lookback", "window"), _NUMBER),
    **dict.fromkeys(("codes", "senders"), (list,)),
    **dict.fromkeys(("http", "tls"), (dict,)),
    "plain": (bool,),
}
"""Types of the options of our own carriers; the carrier itself says which of them it takes."""
_OURS: Final = frozenset({"vxp", "lgsp", "edoc-rest", "amqp", "spool"})
_PATHS: Final = frozenset({"root", "blobs"})
_TLS_FILES: Final = frozenset({"ca_file", "client_certificate", "client_key"})
_SECRETS: Final = frozenset({"client_key_password", "proxy_login"})
_TLS: Final = _TLS_FILES | {"client_key_password"}
_HTTP: Final = frozenset(attrs.fields_dict(HttpOptions)) - {"ssl_context"}

_UNKNOWN = Text("không có khóa {name}", "there is no key {name}")
_NO_TRUST = Text(
    "thiếu node.trust, thư mục tin cậy để kiểm tra chữ ký; signatures = false: không kiểm tra gì",
    "node.trust is missing, the folder of trust that signatures are verified with; signatures = false verifies nothing",
)
_WITHIN = Text("[{name}] {detail}", "[{name}] {detail}")
_ONE_OF = Text("{name} nhận {known}, không phải {found}", "{name} takes {known}, not {found}")
_NO_TIME = Text("{name} không phải một khoảng thời gian dùng được", "{name} is no length of time that can be used")
_CODES = Text("{name} phải là danh sách các mã", "{name} must be a list of codes")


def open_node(settings: Settings) -> Any:
    """Return the node that *settings* describe, with its store open: close it at the end.

    Raises :class:`~vndoc.errors.UsageError` ``node-settings``, ``unknown-policy``, ``unknown-profile``,
    ``extra-missing``, and what the parts raise: :class:`~vndoc.errors.TransportError` and
    :class:`~vndoc.errors.StoreError`.
    """
    from vndoc.node import Node  # noqa: PLC0415 - needs the extra of the store
    from vndoc.store import Store  # noqa: PLC0415 - as above

    policy = _policy(settings.node)
    retention_of(settings)  # only vndoc node tidy uses it: say at once what it will not be able to use
    table = open_table(settings.table_file, settings.table_format).table
    if settings.carrier is not None:
        table = table.changed({}, info=attrs.evolve(table.info, carrier=settings.carrier))
    trust = Trust() if settings.trust is None else trust_of(settings.trust)
    with ExitStack() as made:
        carriers = {name: _carrier(name, part, settings.home) for name, part in settings.carriers.items()}
        for carrier in carriers.values():
            made.callback(carrier.close)
        store = Store.open(settings.url, blobs=settings.blobs)
        made.callback(store.close)
        node = Node(
            store,
            carriers,
            table,
            None if settings.trust is None else trust.store,
            policy,
            own=settings.own,
            own_system=settings.node.get("own_system"),
            revocation=trust.revocation,
        )
        made.pop_all()
        return node


def retention_of(settings: Settings) -> Any:
    """Return how long *settings* want things to be kept, ``None`` where they say nothing.

    Raises :class:`~vndoc.errors.UsageError` ``node-settings`` for times that cannot be kept to.
    """
    from vndoc.store import Retention  # noqa: PLC0415 - needs the extra of the store

    if settings.retention is None:
        return None
    times = {k.removesuffix("_days"): _length(v, f"retention.{k}") for k, v in settings.retention.items()}
    try:
        return Retention(**times)
    except UsageError as error:
        raise _within("retention", error) from None


def _within(table: str, error: UsageError) -> UsageError:
    """Return *error* about a value as one about the *table* of the configuration that it stands in."""
    detail = error.values["detail"]
    return broken(_WITHIN, name=table, detail=detail if isinstance(detail, Text) else str(detail))


# -- policy ----------------------------------------------------------------------------------------------


def _policy(given: Mapping[str, Any]) -> Any:
    from vndoc.node import NodePolicy, Unsure  # noqa: PLC0415 - needs the extra of the store

    values: dict[str, Any] = {key: given[key] for key in ("profile", "batch", "ahead") if key in given}
    asked = given.get("signatures", True)
    if asked and "trust" not in given:
        raise broken(_NO_TRUST)
    if not asked:
        values |= {"signatures": None, "sending": SendingRules(signed=frozenset())}
    elif asked is not True:
        values["signatures"] = policy_of(asked).name
    for key, name, unit in (
        ("lifetime_days", "lifetime", "days"),
        ("answer_days", "answer_within", "days"),
        ("poll_seconds", "poll_every", "seconds"),
        ("lease_seconds", "lease", "seconds"),
    ):
        if key in given:
            values[name] = _length(given[key], f"[node] {key}", unit)
    if "unsure" in given:
        ways = {way.value: way for way in Unsure}
        if given["unsure"] not in ways:
            raise broken(_ONE_OF, name="node.unsure", known=", ".join(ways), found=given["unsure"])
        values["unsure"] = ways[given["unsure"]]
    try:
        return NodePolicy(**values)
    except UsageError as error:
        raise (_within("node", error) if error.code == "option-invalid" else error) from None


# -- carriers --------------------------------------------------------------------------------------------


def _carrier(name: str, part: Mapping[str, Any], home: Path) -> Any:
    from vndoc.transport import load  # noqa: PLC0415 - loads the carriers that are used

    kind, where = part["kind"], f"carriers.{name}"
    options = {key: value for key, value in part.items() if key != "kind"}
    if kind in _OURS:
        options = {key: _option(kind, key, value, home, f"{where}.{key}") for key, value in options.items()}
    return load(kind, **{"name": name, **options})


def _option(kind: str, key: str, value: Any, home: Path, name: str) -> Any:
    """Return the option *key* of a carrier of ours as the carrier takes it."""
    if key not in _TYPES:
        return value  # the carrier names it as unknown
    typed(value, _TYPES[key], name)
    if key in ("codes", "senders") and not all(isinstance(code, str) for code in value):
        raise broken(_CODES, name=name)
    if isinstance(value, str):
        not_empty(value, name)
    if key in _PATHS:
        return str(home / value)
    if kind == "vxp" and key in ("lookback", "window"):
        return _length(value, name)
    if key == "http":
        return _http(value, home, name)
    if key == "tls":
        return _http(value, home, name, known=_TLS).tls(kind)
    return value


def _length(value: float, name: str, unit: str = "days") -> datetime.timedelta:
    try:
        return datetime.timedelta(**{unit: value})
    except (ValueError, OverflowError):
        raise broken(_NO_TIME, name=name) from None


def _http(part: Mapping[str, Any], home: Path, name: str, *, known: frozenset[str] = _HTTP) -> HttpOptions:
    """Return what a table says about HTTP and TLS; *known* are the keys that it may have."""
    values: dict[str, Any] = {}
    for key, value in part.items():
        if key not in known:
            raise broken(_UNKNOWN, name=f"{name}.{key}")
        default = attrs.fields_dict(HttpOptions)[key].default
        typed(value, {int: (int,), float: _NUMBER}.get(type(default), (str,)), f"{name}.{key}")
        values[key] = str(home / value) if key in _TLS_FILES else Secret(value) if key in _SECRETS else value
    return HttpOptions(**values)
