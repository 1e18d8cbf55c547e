"""Texts of the errors that the exchange protocol answers with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

EXCHANGE_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        # -- the tables ---------------------------------------------------------------------------
        "event-not-allowed": Text(
            "{machine}: không thể “{event}” khi đang ở trạng thái “{state}”.",
            "{machine}: {event} is not allowed in the state {state}.",
        ),
        "state-is-final": Text(
            "{machine}: trạng thái “{state}” là trạng thái cuối, không thể “{event}”.",
            "{machine}: the state {state} is final; {event} is not possible any more.",
        ),
        "not-due": Text(
            "Chưa đến hạn: {at}.",
            "Nothing is due at {at}.",
        ),
        # -- delivery -----------------------------------------------------------------------------
        "lifetime-over": Text(
            "Thời hạn gửi đã hết lúc {at}.",
            "The lifetime of the message ended at {at}.",
        ),
        "cancel-too-late": Text(
            "Không hủy gửi được: văn bản có thể đã đi tới {recipient}; hãy thu hồi.",
            "Too late to cancel: the document may have gone out to {recipient}; recall it.",
        ),
        "outcome-contradicts": Text(
            "Kết quả gửi đến sau mâu thuẫn với kết quả đã ghi.",
            "An outcome that came later contradicts the one on record.",
        ),
        # -- statuses -----------------------------------------------------------------------------
        "status-unknown": Text(
            "Không có mã trạng thái {code}.",
            "There is no status {code}.",
        ),
        "status-incomplete": Text(
            "Gói tin trạng thái thiếu {paths}.",
            "The status packet lacks {paths}.",
        ),
        "status-needs-change": Text(
            "“{event}” chỉ có nghĩa trong một yêu cầu thu hồi, cập nhật hoặc thay thế.",
            "{event} has a meaning only within a recall, an update or a replacement.",
        ),
        "status-contradicts": Text(
            "Trạng thái mới báo mâu thuẫn với trạng thái đã ghi.",
            "The status that was reported contradicts the one on record.",
        ),
        "version-unknown": Text(
            "Văn bản {document} không có phiên bản {version}.",
            "The document {document} has no version {version}.",
        ),
        "reason-missing": Text(
            "Phải nêu lý do: {event}.",
            "A reason is required: {event}.",
        ),
        "reason-too-long": Text(
            "Lý do dài hơn {limit} ký tự.",
            "The reason has more than {limit} characters.",
        ),
        # -- recall, update, replacement -------------------------------------------------------------
        "change-form": Text(
            "Chỉ yêu cầu thu hồi mới gửi được bằng gói tin trạng thái, không phải {kind}.",
            "Only a recall can be asked for by a status, not the {kind}.",
        ),
        "change-recipients": Text(
            "Danh sách nơi nhận của yêu cầu thay đổi không dùng được: {found}.",
            "The recipients of the change cannot be used: {found}.",
        ),
        "recipient-not-added": Text(
            "{recipients} chưa nhận văn bản {document}: để gửi kèm văn bản, ghi vào ReceiverList với ReceiverType 1; "
            "nếu không, bỏ khỏi nơi nhận của bản cập nhật.",
            "{recipients} did not get the document {document}: name it in ReceiverList with ReceiverType 1, so that it "
            "gets the document with the update, or leave it out of the recipients.",
        ),
        "change-time-limit": Text(
            "Thời hạn trả lời {at} không sau thời điểm yêu cầu.",
            "The time limit {at} is not after the request.",
        ),
        "change-open": Text(
            "{recipient} còn một yêu cầu thay đổi chưa kết thúc: {change}.",
            "{recipient} has a change that is still open: {change}.",
        ),
        "change-unknown": Text(
            "Không có yêu cầu thay đổi nào của văn bản {document} gửi tới {recipient}.",
            "There is no change of the document {document} at {recipient}.",
        ),
        "change-target-unknown": Text(
            "Không tìm thấy văn bản cần thay đổi: {document}.",
            "The document to be changed is not known: {document}.",
        ),
        "change-target-ambiguous": Text(
            "{kind} {document} khớp với {count} văn bản; không thay đổi văn bản nào.",
            "{kind} {document} fits {count} documents; none of them is changed.",
        ),
        "change-not-by-sender": Text(
            "{found} không phải bên gửi văn bản {document}, không có quyền yêu cầu thay đổi.",
            "{found} did not send the document {document} and cannot ask for a change of it.",
        ),
        "change-after-done": Text(
            "Văn bản đã kết thúc ở nơi nhận, không thay đổi được nữa.",
            "The document has ended at the receiver and cannot be changed any more.",
        ),
        "answer-contradicts": Text(
            "Câu trả lời mới mâu thuẫn với kết quả đã ghi.",
            "An answer contradicts the outcome on record.",
        ),
        # -- records --------------------------------------------------------------------------------
        "record-invalid": Text(
            "Bản ghi không dùng được: {detail}.",
            "The record cannot be used: {detail}.",
        ),
        # -- working days -----------------------------------------------------------------------------
        "calendar-year-unknown": Text(
            "Lịch làm việc không có dữ liệu năm {year}.",
            "The working calendar does not know the year {year}.",
        ),
        "calendar-without-work": Text(
            "Lịch làm việc không có ngày làm việc nào trong một năm, tính đến {day}.",
            "The working calendar has no working day within a year, up to {day}.",
        ),
        # -- duplicates -----------------------------------------------------------------------------
        "document-conflict": Text(
            "Đã có văn bản cùng cơ quan, năm, số và ký hiệu nhưng khác nội dung.",
            "There is a document of the same issuer, year, number and notation with other content.",
        ),
    }
)
