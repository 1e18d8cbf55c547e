"""What each key of the configuration of a node means. The tests hold it against the keys that the command takes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.node import NodePolicy
from vndoc.store import Retention
from vndoc.text import Text

__all__ = ["NODE_SETTINGS", "PLACES", "defaults"]

_IN_FROM = Text(
    "Như trên, cho phần tử tương ứng trong `From` của gói tin trạng thái.",
    "As above, for its element in `From` of status packets.",
)

NODE_SETTINGS: Mapping[str, Text] = MappingProxyType(
    {
        "store.url": Text(
            "Bắt buộc. Địa chỉ cơ sở dữ liệu: `sqlite:///TỆP` hoặc `postgresql://…`. Tệp SQLite chưa có thì được tạo.",
            "Mandatory. The database: `sqlite:///FILE` or `postgresql://…`. An SQLite file that is not there is made.",
        ),
        "store.blobs": Text(
            "Bắt buộc. Thư mục nội dung gói tin; chưa có thì được tạo.",
            "Mandatory. The folder of contents of packets; made if it is not there.",
        ),
        "agencies.MÃ.name": Text(
            "Tên cơ quan của mình, ghi trong `From` của gói tin trạng thái; không nêu thì lấy ở danh mục. Mỗi cơ "
            "quan một bảng; phải có ít nhất một.",
            "Name of an agency of ours, as `From` of status packets has it; that of the table by default. One table "
            "for each agency, one agency at least.",
        ),
        "agencies.MÃ.address": _IN_FROM,
        "agencies.MÃ.email": _IN_FROM,
        "agencies.MÃ.telephone": _IN_FROM,
        "table.file": Text(
            "Danh mục cơ quan. `builtin`: danh mục đi kèm, chỉ có cơ quan cấp 1.",
            "The table of agencies. `builtin`: the one that comes along, which has agencies of level 1 only.",
        ),
        "table.format": Text("Dạng của danh mục.", "The form of the table."),
        "table.carrier": Text(
            "Kênh truyền cho cơ quan mà danh mục không nêu kênh; thay cho kênh ghi ở đầu danh mục.",
            "The carrier for agencies for which the table names none; in place of the one in the head of the table.",
        ),
        "node.own_system": Text(
            "Mã hệ thống kết nối của mình trong danh mục: nơi nhận thuộc hệ thống này là nội bộ, gói tin quay lại "
            "thì bị chặn.",
            "Code of our own connected system in the table: recipients behind it are local, a packet that comes back "
            "is stopped.",
        ),
        "node.profile": Text("Dạng ghi gói tin gửi đi.", "The form in which packets are written."),
        "node.signatures": Text(
            "Chính sách kiểm tra chữ ký số của văn bản đi và đến. `false`: không kiểm tra gì và văn bản đi không cần "
            "ký.",
            "Policy for the signatures of what goes out and comes in. `false`: nothing is verified, and nothing need "
            "be signed.",
        ),
        "node.trust": Text(
            "Thư mục tin cậy (`vndoc trust`); bắt buộc, trừ khi `signatures = false`.",
            "Folder of what is trusted (`vndoc trust`); mandatory unless `signatures = false`.",
        ),
        "node.lifetime_days": Text(
            "Sau bao nhiêu ngày thì thôi gửi văn bản chưa chuyển được.",
            "After how many days a document that could not be delivered is given up.",
        ),
        "node.answer_days": Text(
            "Chờ trả lời thu hồi, cập nhật, thay thế bao nhiêu ngày.",
            "How many days a recall, an update or a replacement waits for its answers.",
        ),
        "node.poll_seconds": Text(
            "Hỏi mỗi trục bao lâu một lần; văn bản mà tiến trình khác nhận gửi cũng được chuyển đi chậm nhất sau "
            "chừng ấy.",
            "How often each axis is asked; what another process has accepted goes out after that time at the latest.",
        ),
        "node.lease_seconds": Text(
            "Việc của một tiến trình không còn hoạt động thì sau bao lâu tiến trình khác được làm tiếp.",
            "After how long another process takes over from one that gives no sign of life.",
        ),
        "node.batch": Text("Số mục lấy ra một lần (1 đến 1.000).", "Rows and items taken at once (1 to 1,000)."),
        "node.ahead": Text(
            "Số bản đến được lấy trước trong khi bản trước đang được xử lý (0 đến 64).",
            "How many copies are fetched while the one before them is dealt with (0 to 64).",
        ),
        "node.unsure": Text(
            "Lần gửi không rõ kết quả, qua kênh không nhận ra gói tin gửi lặp: `ask` chờ người quyết định, `repeat` "
            "gửi lại.",
            "An attempt whose outcome nobody knows, at a carrier that recognises no repetition: `ask` waits for an "
            "operator, `repeat` sends it again.",
        ),
        "retention.messages_days": Text(
            "Thông điệp không mang văn bản (trạng thái, sự kiện) đã kết thúc; ít nhất 7 ngày.",
            "Ended messages that carry no document (statuses, events); at least 7 days.",
        ),
        "retention.copies_days": Text(
            "Bản đến đã báo lại cho trục; ít nhất 30 ngày.", "Copies that the axis was told about; at least 30 days."
        ),
        "retention.documents_days": Text(
            "Văn bản và mọi thứ thuộc về nó; ít nhất 30 ngày.",
            "Documents with all that belongs to them; at least 30 days.",
        ),
        "retention.evidence_days": Text(
            "Bằng chứng và các xung đột; ít nhất 30 ngày.", "Evidence, and conflicts; at least 30 days."
        ),
        "retention.snapshots_days": Text(
            "Bản chụp danh mục, trừ bản mới nhất; ít nhất 1 ngày.",
            "Snapshots of the address book, but for the newest; at least 1 day.",
        ),
        "carriers.TÊN.kind": Text(
            "Bắt buộc. Loại kênh truyền; `TÊN` là tên kênh trong danh mục, các khóa còn lại là tùy chọn của loại ấy. "
            "Phải có ít nhất một kênh.",
            "Mandatory. Which carrier; `NAME` is what the table calls it, the other keys are the options of its kind. "
            "One carrier at least.",
        ),
    }
)
"""Key -> meaning. ``MÃ`` and ``TÊN`` stand for a code and a name, in English ``CODE`` and ``NAME``."""

PLACES: Mapping[str, str] = MappingProxyType({"MÃ": "CODE", "TÊN": "NAME"})
"""What stands for a name in Vietnamese -> in English."""


def defaults() -> dict[str, str]:
    """Return what counts where a key is not given."""
    policy, kept = NodePolicy(), Retention()
    days, second = datetime.timedelta(days=1), datetime.timedelta(seconds=1)
    return {
        "table.file": "builtin",
        "table.format": "auto",
        "node.profile": policy.profile,
        "node.signatures": str(policy.signatures),
        "node.lifetime_days": str(policy.lifetime // days),
        "node.answer_days": str(policy.answer_within // days),
        "node.poll_seconds": str(policy.poll_every // second),
        "node.lease_seconds": str(policy.lease // second),
        "node.batch": str(policy.batch),
        "node.ahead": str(policy.ahead),
        "node.unsure": policy.unsure.value,
        **{f"retention.{part}_days": str(length // days) for part, length in attrs.asdict(kept).items()},
    }
