"""Texts of the errors that keeping and finding can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

STORE_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        # -- opening ------------------------------------------------------------------------------
        "store-address": Text(
            "Địa chỉ kho lưu trữ không dùng được: {detail}.",
            "The address of the store cannot be used: {detail}.",
        ),
        "store-foreign": Text(
            "Cơ sở dữ liệu đã có bảng của chương trình khác nên không được tạo kho lưu trữ trong đó.",
            "The database holds tables of another program; no store is made in it.",
        ),
        "store-newer": Text(
            "Lược đồ của kho lưu trữ là phiên bản {found}; bản vndoc này chỉ biết đến phiên bản {known}.",
            "The store has schema version {found}; this vndoc knows versions up to {known}.",
        ),
        "store-not-durable": Text(
            "Máy chủ cơ sở dữ liệu không ghi xuống đĩa trước khi xác nhận ({detail}), nên văn bản có thể mất.",
            "The database server confirms before it has written to disk ({detail}): documents could be lost.",
        ),
        # -- the database cannot do it now, or at all ---------------------------------------------
        "store-unavailable": Text(
            "Không kết nối được cơ sở dữ liệu của kho lưu trữ: {detail}.",
            "The database of the store cannot be reached: {detail}.",
        ),
        "store-busy": Text(
            "Cơ sở dữ liệu của kho lưu trữ đang bị khóa quá thời gian chờ: {detail}.",
            "The database of the store stayed locked for longer than the waiting time: {detail}.",
        ),
        "store-full": Text(
            "Ổ đĩa của kho lưu trữ đã đầy: {detail}.",
            "The disk of the store is full: {detail}.",
        ),
        "store-damaged": Text(
            "Cơ sở dữ liệu của kho lưu trữ bị hỏng: {detail}.",
            "The database of the store is damaged: {detail}.",
        ),
        "store-failed": Text(
            "Cơ sở dữ liệu của kho lưu trữ báo lỗi: {detail}.",
            "The database of the store reports a fault: {detail}.",
        ),
        "store-replaced": Text(
            "Tệp của kho lưu trữ {name} đã bị xóa hoặc thay thế trong khi đang được sử dụng.",
            "The file of the store {name} was removed or replaced while it was in use.",
        ),
        "store-within": Text(
            "Luồng này đang ở trong một giao dịch của kho lưu trữ; hãy ghi bằng chính giao dịch đó.",
            "This thread is in a transaction of the store already; write by that one.",
        ),
        # -- rows ---------------------------------------------------------------------------------
        "lease-lost": Text(
            "Tiến trình {owner} không còn giữ {name}: tiến trình khác đã nhận việc này.",
            "The worker {owner} no longer holds {name}: another has taken it.",
        ),
        "row-unknown": Text(
            "Kho lưu trữ không có {name}.",
            "The store has no {name}.",
        ),
        "row-final": Text(
            "{name} đã kết thúc ở trạng thái {state} nên không thay đổi được nữa.",
            "{name} has ended as {state} and does not change any more.",
        ),
        "idempotency-conflict": Text(
            "Khóa chống gửi trùng {name} đã được dùng cho nội dung khác.",
            "The idempotency key {name} has been used for something else.",
        ),
        "store-change-open": Text(
            "Văn bản {name} đang có một yêu cầu thay đổi chưa kết thúc tại {recipient}.",
            "The document {name} already has an open change at {recipient}.",
        ),
        # -- contents -----------------------------------------------------------------------------
        "blob-missing": Text(
            "Kho nội dung không có nội dung {name}.",
            "The store of contents does not hold {name}.",
        ),
        "blob-damaged": Text(
            "Nội dung {name} không còn khớp với mã băm của nó.",
            "The content {name} no longer matches its digest.",
        ),
        "blob-unavailable": Text(
            "Không dùng được kho nội dung: {detail}.",
            "The store of contents cannot be used: {detail}.",
        ),
        "blob-full": Text(
            "Kho nội dung đã hết chỗ: {detail}.",
            "The store of contents has no room left: {detail}.",
        ),
        "blob-refused": Text(
            "Kho nội dung từ chối truy cập: {detail}.",
            "The store of contents refuses access: {detail}.",
        ),
        "blob-settings": Text(
            "Cấu hình của kho nội dung không dùng được: {detail}.",
            "The settings of the store of contents cannot be used: {detail}.",
        ),
    }
)
