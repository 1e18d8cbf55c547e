"""What ``vndoc node`` says: parts of the two tables in :mod:`vndoc.cli._words`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.text import Text

__all__ = ["NODE_HELP", "NODE_NOTES", "NODE_WORDS"]

NODE_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "node-accepted": Text("đã nhận gửi {key} (lần {version})", "accepted {key} (packet {version})"),
        "node-repeated": Text("đã nhận gửi từ trước: {key}", "accepted before: {key}"),
        "node-message": Text("  thông điệp {id}", "  message {id}"),
        "node-not-cleared": Text("{name}: chưa đủ điều kiện gửi:", "{name}: may not be sent:"),
        "node-polled": Text(
            "{carrier}: thấy {seen}, nhận {decided}, hoãn {postponed}, báo lại {settled}, lỗi {failed}",
            "{carrier}: {seen} seen, {decided} taken in, {postponed} postponed, {settled} settled, {failed} failed",
        ),
        "node-listening": Text("theo dõi tại http://{address}/metrics", "monitored at http://{address}/metrics"),
        "node-starts": Text(
            "cổng của {agencies} qua {carriers}; Ctrl+C để dừng", "gateway of {agencies} by {carriers}; Ctrl+C stops it"
        ),
        "node-sent": Text("gửi {count}", "{count} sent"),
        "node-received": Text("nhận {count}", "{count} received"),
        "node-events": Text("báo {count} sự kiện", "{count} told to the office system"),
        "node-postponed": Text("hoãn {count}", "{count} postponed"),
        "node-deadlines": Text("đến hạn {count}", "{count} due"),
        "node-live": Text(
            "đã gửi {sent}, đã nhận {received}; đang chờ {waiting}, trong đó cần người xử lý {parked}",
            "{sent} sent, {received} received; {waiting} waiting, {parked} for an operator",
        ),
        "node-stopped": Text(
            "đã dừng: gửi {sent}, nhận {received}, lỗi {failures}, {rounds} vòng",
            "stopped: {sent} sent, {received} received, {failures} failures, {rounds} rounds",
        ),
        "node-health": Text(
            "hoạt động: {alive}; sẵn sàng: {ready}; đang chờ {waiting}, trong đó cần người xử lý {parked}",
            "alive: {alive}; ready: {ready}; {waiting} waiting, {parked} of them for an operator",
        ),
        "node-yes": Text("có", "yes"),
        "node-no": Text("không", "no"),
        "node-resting": Text("kênh truyền đang nghỉ: {carriers}", "carriers that rest: {carriers}"),
        "node-error": Text("kho lưu trữ: {error}", "store: {error}"),
        "node-track-out": Text("{key}: văn bản đi", "{key}: sent"),
        "node-track-in": Text("{key}: văn bản đến", "{key}: received"),
        "node-delivery": Text("gửi đến {recipient}: {delivery}", "to {recipient}: {delivery}"),
        "node-life": Text("tại {receiver}: {life}", "at {receiver}: {life}"),
        "node-heard": Text("{at}  {receiver}: trạng thái {code}", "{at}  {receiver}: status {code}"),
        "node-dead-row": Text(
            "{id}  {kind}  {carrier}  lần {attempts}  {code}: {detail}",
            "{id}  {kind}  {carrier}  attempt {attempts}  {code}: {detail}",
        ),
        "node-dead-none": Text("không có gì chờ người xử lý", "nothing waits for an operator"),
        "node-retried": Text("{id}: sẽ thử lại", "{id}: will be tried again"),
        "node-given-up": Text("{id}: đã thôi gửi", "{id}: given up"),
        "node-purged": Text(
            "đã xóa vì hết thời hạn lưu: {messages} thông điệp, {copies} bản đến, {documents} văn bản, {evidence} bằng "
            "chứng, {snapshots} bản chụp danh mục",
            "deleted as kept long enough: {messages} messages, {copies} copies, {documents} documents, "
            "{evidence} pieces of evidence, {snapshots} snapshots of the address book",
        ),
        "node-kept-all": Text(
            "không xóa bản ghi nào: cấu hình không có [retention]",
            "no row deleted: the configuration has no [retention]",
        ),
        "node-collected": Text(
            "đã dọn {count} nội dung không còn nơi nào nhắc đến", "{count} contents removed that nothing names"
        ),
    }
)
"""Words and lines of the pages."""

NODE_NOTES: Mapping[str, Text] = MappingProxyType(
    {
        "axis not asked": Text("chưa hỏi được trục", "the axis could not be asked"),
        "axis not told": Text("chưa báo lại được cho trục", "the axis could not be told"),
        "submission failed": Text("chưa chuyển được thông điệp", "a message was not handed over"),
        "copy not fetched": Text("chưa lấy được bản đến", "a copy could not be fetched"),
        "copy not kept": Text("chưa lưu được bản đến", "a copy could not be kept"),
        "copy not taken in": Text("chưa tiếp nhận được bản đến", "a copy could not be taken in"),
        "copy with an id that cannot be kept": Text("bản đến có mã không lưu được", "the id of a copy cannot be kept"),
        "deadline not dealt with": Text("chưa xử lý được việc đến hạn", "a deadline could not be dealt with"),
        "hook failed": Text("hệ thống quản lý văn bản chưa nhận", "the office system did not take it"),
        "lease lost": Text("tiến trình khác đã làm tiếp", "another process went on with it"),
        "no sign of life": Text("chưa gia hạn được việc đang giữ", "what is held could not be prolonged"),
        "store failed": Text("kho lưu trữ lỗi", "the store failed"),
    }
)
"""What the node warns of in its log, in words for people."""

NODE_HELP: Mapping[str, Text] = MappingProxyType(
    {
        "node": Text(
            "Cổng giữa hệ thống quản lý văn bản và các trục: gửi, nhận, theo dõi.",
            "A gateway between an office system and axes: send, receive, look after it.",
        ),
        "node-send": Text(
            "Nhận gửi văn bản: kiểm tra, ghi bền vững rồi mới báo đã nhận. Việc chuyển đi do vndoc node run làm.\n\n"
            "Mã thoát 1: có văn bản chưa đủ điều kiện gửi.",
            "Accept documents to send: checked, and durable before it says so. vndoc node run carries them.\n\n"
            "Exit code 1: a document may not be sent.",
        ),
        "node-poll": Text(
            "Hỏi mọi trục một lần, nhận những gì đã đến.\n\nMã thoát 3: có trục không trả lời.",
            "Ask every axis once and take in what has come.\n\nExit code 3: an axis did not answer.",
        ),
        "node-run": Text(
            "Chạy cho đến khi nhận SIGTERM hoặc Ctrl-C: gửi, nhận, thử lại, báo cho hệ thống quản lý văn bản.\n\n"
            "Mã thoát 3 (với --once): có kênh truyền hoặc hệ thống quản lý văn bản bị lỗi, việc đó còn chờ thử lại; "
            "hoặc kho lưu trữ không dùng được sau tám lần thử.",
            "Work until SIGTERM or Ctrl-C: send, receive, try again, tell the office system.\n\n"
            "Exit code 3 (with --once): a carrier or the office system failed, and what failed waits for another try; "
            "or the store could not be used in eight tries.",
        ),
        "node-status": Text(
            "Tình trạng của kho lưu trữ, hoặc hành trình của các văn bản đã gửi hay đã đến (theo khóa nghiệp vụ). "
            "Kênh truyền nào đang nghỉ: hỏi /health của vndoc node run --listen.",
            "The state of the store, or the way of documents that were sent or came (by business key). Which carriers "
            "rest, /health of vndoc node run --listen tells.",
        ),
        "node-dead": Text(
            "Những gì chờ người xử lý; cho thử lại hoặc thôi gửi.\n\nMã thoát 1: còn mục đang chờ.",
            "What waits for an operator; let it be tried again, or give it up.\n\nExit code 1: something waits.",
        ),
        "node-tidy": Text(
            "Xóa những gì [retention] trong cấu hình không giữ nữa, và dọn nội dung không còn nơi nào nhắc đến. "
            "Việc chưa xong không bao giờ bị xóa. Chạy hằng ngày; chạy được khi cổng đang chạy.",
            "Delete what [retention] of the configuration keeps no longer, and remove contents that nothing names. "
            "Unfinished work is never deleted. Run it daily, beside a running node.",
        ),
        "node-config": Text("Tệp cấu hình TOML của cổng.", "The configuration of the node, a TOML file."),
        "node-not-secret": Text(
            "Người cam kết các văn bản này không chứa bí mật nhà nước.",
            "Who declares that these documents hold no state secret.",
        ),
        "node-exclude": Text(
            "Mã nơi nhận không gửi; dùng được nhiều lần.", "Code of a recipient to leave out; repeatable."
        ),
        "node-listen": Text(
            "Địa chỉ cho /metrics và /health, ví dụ 127.0.0.1:9100.",
            "Address of /metrics and /health, as 127.0.0.1:9100.",
        ),
        "node-once": Text("Làm hết việc đang có rồi dừng.", "Stop when nothing is left to do."),
        "node-log": Text("Ghi nhật ký dạng JSON ra đầu ra lỗi.", "Log as JSON to standard error."),
        "node-keys": Text("Khóa nghiệp vụ của văn bản.", "Business keys of documents."),
        "node-retry": Text("Mã mục cần thử lại; dùng được nhiều lần.", "Id to try again; repeatable."),
        "node-give-up": Text("Mã thông điệp thôi gửi; dùng được nhiều lần.", "Id of a message to give up; repeatable."),
        "node-limit": Text("Số mục tối đa.", "Entries at most."),
    }
)
"""Help of the commands, their arguments and options."""
