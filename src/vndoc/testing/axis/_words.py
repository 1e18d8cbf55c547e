"""What the page of the simulated axis says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

__all__ = ["PAGE_WORDS"]

PAGE_WORDS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "title": Text("Trục liên thông mô phỏng", "Simulated axis"),
        "lead": Text(
            "Hỗ trợ VXP, LGSP và eDoc REST trên máy này. Chỉ dành cho kiểm thử.",
            "Speaks VXP, LGSP and eDoc REST on this machine. For tests only.",
        ),
        "skip": Text("Đến nội dung", "Skip to content"),
        "language": Text("Ngôn ngữ", "Language"),
        "live": Text("Tự cập nhật", "Updates itself"),
        "overview": Text("Tổng quan", "Overview"),
        "packets": Text("Gói tin", "Packets"),
        "packet": Text("Gói tin", "Packet"),
        "agencies": Text("Cơ quan", "Agencies"),
        "faults": Text("Lỗi giả lập", "Faults"),
        "faults-none": Text("Không có lỗi giả lập: trục làm đúng.", "None: the axis does what it should."),
        "fault": Text("Lỗi", "Fault"),
        "fault-effect": Text("Tác động", "What it does"),
        "fault-scope": Text("Khi nào", "When"),
        "fault-applied": Text("Số lần", "Times"),
        "always": Text("mọi lần gọi", "every call"),
        "code": Text("Mã", "Code"),
        "old-code": Text("Mã cũ", "Old code"),
        "name": Text("Tên", "Name"),
        "system": Text("Hệ thống", "System"),
        "documents-waiting": Text("Văn bản chờ", "Documents waiting"),
        "statuses-waiting": Text("Trạng thái chờ", "Statuses waiting"),
        "received": Text("Đã nhận", "Received"),
        "state": Text("Trạng thái", "State"),
        "state-initial": Text("Chờ nhận", "Waiting"),
        "state-processing": Text("Đang xử lý", "In progress"),
        "state-done": Text("Đã nhận", "Received"),
        "state-fail": Text("Lỗi", "Failed"),
        "state-lost": Text("Bị mất", "Lost"),
        "agency-open": Text("Mở", "Open"),
        "agency-closed": Text("Khóa", "Closed"),
        "agency-deleted": Text("Đã xóa", "Deleted"),
        "number": Text("Số", "No."),
        "time": Text("Thời điểm", "Time"),
        "kind": Text("Loại", "Kind"),
        "kind-edoc": Text("Văn bản", "Document"),
        "kind-status": Text("Trạng thái", "Status"),
        "subject": Text("Số, ký hiệu và trích yếu", "Number, notation and subject"),
        "from": Text("Nơi gửi", "From"),
        "to": Text("Nơi nhận", "To"),
        "no-packets": Text(
            "Chưa có gói tin nào. Gửi một gói tới địa chỉ này, trang sẽ tự cập nhật.",
            "No packets yet. Send one to this address; the page updates itself.",
        ),
        "older": Text("Các gói tin cũ hơn", "Older packets"),
        "newest": Text("Mới nhất", "Newest"),
        "more-agencies": Text("và {count} cơ quan khác", "and {count} more agencies"),
        "more": Text("và {count} mục khác", "and {count} more"),
        "back": Text("Về trang tổng quan", "Back to the overview"),
        "life": Text("Vòng đời", "Life"),
        "copies": Text("Bản sao cho từng nơi nhận", "One copy for each recipient"),
        "copy-id": Text("Mã bản sao", "Id of the copy"),
        "fetched": Text("Số lần lấy", "Times fetched"),
        "updated": Text("Cập nhật lúc", "Updated"),
        "id": Text("Mã vận chuyển", "Transport id"),
        "file-received": Text("Tệp trục nhận được", "File as the axis got it"),
        "file-delivered": Text("Tệp trục giao đi", "File as the axis delivers it"),
        "octets": Text("{count} byte", "{count} octets"),
        "same-octets": Text("giữ nguyên từng byte", "the same, octet by octet"),
        "rewritten": Text("đã được trục viết lại", "written anew by the axis"),
        "event-submitted": Text("Trục tiếp nhận", "Taken over by the axis"),
        "event-delivered": Text("Đưa vào hàng đợi", "Put into the queue"),
        "event-fetched": Text("Nơi nhận lấy về", "Fetched by the recipient"),
        "event-processing": Text("Nơi nhận báo đang xử lý", "Recipient says: in progress"),
        "event-done": Text("Nơi nhận báo đã nhận", "Recipient says: received"),
        "event-fail": Text("Nơi nhận báo lỗi; sẽ giao lại", "Recipient says: failed; offered again"),
        "event-lost": Text("Trục đánh mất (lỗi giả lập)", "Lost by the axis (a fault on purpose)"),
        "not-found": Text("Không có trang này", "There is no such page"),
        "waiting-summary": Text("{waiting} bản chờ nhận", "{waiting} waiting"),
        "axis-time": Text("Giờ của trục", "Axis time"),
    }
)
