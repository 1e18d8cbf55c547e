"""Rules over the business operation of a document packet, and over status packets."""

from __future__ import annotations

from collections.abc import Iterator

from vndoc.edxml import Severity
from vndoc.edxml.values import format_date
from vndoc.envelope import Bussiness, BussinessDocumentInfo
from vndoc.envelope.codes import STATUS_CODE, BussinessDocType, StatusCode, is_reserved
from vndoc.identifiers import DocumentId
from vndoc.schema.rules_base import BUSSINESS, MESSAGE, Context, Hit, Rule, day_of, nth, rule

__all__ = ["BUSINESS_RULES"]

_W, _E = Severity.WARNING, Severity.ERROR

_INFO = f"{BUSSINESS}/BussinessDocumentInfo"
_REPLACED = f"{BUSSINESS}/ReplacementInfoList/ReplacementInfo"
_OPERATIONS = frozenset(BussinessDocType)
_WITH_REASON = frozenset(entry.code for entry in STATUS_CODE if entry.reason_required) | {StatusCode.CHANGE_REFUSED}


def _block(ctx: Context, operation: BussinessDocType) -> Bussiness | None:
    """Return the block ``Bussiness`` if the packet does *operation*."""
    block = ctx.bussiness
    return block if block is not None and block.bussiness_doc_type == operation else None


def _is_recall(ctx: Context) -> bool:
    return _block(ctx, BussinessDocType.RECALL) is not None


def _is_update(ctx: Context) -> bool:
    return _block(ctx, BussinessDocType.UPDATE) is not None


def _is_replacement(ctx: Context) -> bool:
    return _block(ctx, BussinessDocType.REPLACE) is not None


def _names_target(ctx: Context, block: Bussiness) -> bool:
    if any(answer.document_id or answer.code for answer in ctx.document.response_for):
        return True
    own = ctx.document.document_id
    target = block.document_id
    return bool(target) and (own is None or not DocumentId(target or "").equivalent(DocumentId(own)))


def _recall_target(ctx: Context, *, by_own_code: bool) -> Iterator[Hit]:
    block = _block(ctx, BussinessDocType.RECALL)
    if block is None or _names_target(ctx, block):
        return
    own = ctx.document.document_id or (ctx.document.code and ctx.document.code.number)
    if bool(own) is by_own_code:
        yield Hit(f"{MESSAGE}/ResponseFor", own or None)


def _recall_without_target(ctx: Context) -> Iterator[Hit]:
    return _recall_target(ctx, by_own_code=False)


def _recall_by_own_code(ctx: Context) -> Iterator[Hit]:
    return _recall_target(ctx, by_own_code=True)


def _recall_reason(ctx: Context) -> Iterator[Hit]:
    block = _block(ctx, BussinessDocType.RECALL)
    if block is not None and not block.bussiness_doc_reason:
        yield Hit(f"{BUSSINESS}/BussinessDocReason")


def _update_target(ctx: Context) -> Iterator[Hit]:
    block = _block(ctx, BussinessDocType.UPDATE)
    if block is not None and not block.document_id:
        yield Hit(f"{BUSSINESS}/DocumentId")


def _update_info(ctx: Context) -> Iterator[Hit]:
    block = _block(ctx, BussinessDocType.UPDATE)
    if block is not None and block.bussiness_document_info is None:
        yield Hit(_INFO)


def _changes(ctx: Context) -> BussinessDocumentInfo | None:
    block = _block(ctx, BussinessDocType.UPDATE)
    return None if block is None else block.bussiness_document_info


def _update_of_nothing(ctx: Context) -> Iterator[Hit]:
    info = _changes(ctx)
    if info is not None and info.document_info != 1 and info.document_receiver != 1:
        yield Hit(_INFO)


def _receivers_not_announced(ctx: Context) -> Iterator[Hit]:
    info = _changes(ctx)
    if info is not None and info.receiver_list and info.document_receiver != 1:
        yield Hit(f"{_INFO}/ReceiverList", str(info.document_receiver or 0), "1")


def _receivers_not_listed(ctx: Context) -> Iterator[Hit]:
    info = _changes(ctx)
    if info is not None and info.document_receiver == 1 and not info.receiver_list:
        yield Hit(f"{_INFO}/ReceiverList")


def _replacement(ctx: Context) -> Iterator[Hit]:
    block = _block(ctx, BussinessDocType.REPLACE)
    if block is not None and not block.replacement_info_list:
        yield Hit(f"{BUSSINESS}/ReplacementInfoList")


def _replacement_of_itself(ctx: Context) -> Iterator[Hit]:
    block = _block(ctx, BussinessDocType.REPLACE)
    own = ctx.document.document_id
    if block is None or own is None:
        return
    entries = block.replacement_info_list
    for number, entry in enumerate(entries, 1):
        if entry.document_id and DocumentId(entry.document_id).equivalent(DocumentId(own)):
            yield Hit(f"{nth(_REPLACED, number, len(entries))}/DocumentId", entry.document_id)


def _block_of_other_operation(ctx: Context) -> Iterator[Hit]:
    block = ctx.bussiness
    operation = ctx.document.bussiness_doc_type
    if block is None or operation not in _OPERATIONS:
        return
    if block.bussiness_document_info is not None and operation != BussinessDocType.UPDATE:
        yield Hit(_INFO, "BussinessDocumentInfo", str(operation))
    if block.replacement_info_list and operation != BussinessDocType.REPLACE:
        yield Hit(f"{BUSSINESS}/ReplacementInfoList", "ReplacementInfoList", str(operation))


# -- status packets ------------------------------------------------------------------------------------


def _status_code(ctx: Context) -> Iterator[Hit]:
    code = ctx.status.status_code
    if code is not None and STATUS_CODE.get(code) is None and not is_reserved(code):
        yield Hit(f"{MESSAGE}/StatusCode", code, ", ".join(str(entry.code) for entry in STATUS_CODE))


def _status_reserved(ctx: Context) -> Iterator[Hit]:
    code = ctx.status.status_code
    if code is not None and is_reserved(code):
        yield Hit(f"{MESSAGE}/StatusCode", code)


def _status_reason(ctx: Context) -> Iterator[Hit]:
    packet = ctx.status
    if packet.status_code in _WITH_REASON and not packet.description:
        yield Hit(f"{MESSAGE}/Description", packet.status_code)


def _status_to_itself(ctx: Context) -> Iterator[Hit]:
    packet = ctx.status
    sender = packet.from_.organ_id if packet.from_ is not None else None
    about = packet.response_for.organ_id if packet.response_for is not None else None
    if sender and sender == about:
        yield Hit(f"{MESSAGE}/ResponseFor/OrganId", sender.text)


def _status_in_future(ctx: Context) -> Iterator[Hit]:
    moment = ctx.status.timestamp
    if moment is not None and day_of(moment) > ctx.today:
        yield Hit(f"{MESSAGE}/Timestamp", format_date(day_of(moment)), format_date(ctx.today))


def _status_before_document(ctx: Context) -> Iterator[Hit]:
    moment, about = ctx.status.timestamp, ctx.status.response_for
    issued = about.promulgation_date if about is not None else None
    if moment is not None and issued is not None and day_of(moment) < issued:
        yield Hit(f"{MESSAGE}/Timestamp", format_date(day_of(moment)), format_date(issued))


BUSINESS_RULES: tuple[Rule, ...] = (
    rule("recall-target-missing", _E, "N", "6.2; C-13",
         "Văn bản thu hồi không nêu văn bản bị thu hồi.", "The recall does not say which document it recalls.",
         _recall_without_target, when=_is_recall),
    rule("recall-target-own-code", _W, "N", "6.2; practice (.NET SDK)",
         "Văn bản bị thu hồi chỉ suy ra được từ mã của chính gói tin ({found}); nên nêu trong ResponseFor.",
         "Only the packet's own id ({found}) tells which document is recalled; ResponseFor should say so.",
         _recall_by_own_code, when=_is_recall),
    rule("recall-reason-missing", _W, "N", "6.2; practice",
         "Văn bản thu hồi không nêu lý do.", "The recall gives no reason.", _recall_reason, when=_is_recall),
    rule("update-target-missing", _E, "N", "6.3",
         "Văn bản cập nhật không nêu mã văn bản được cập nhật.", "The update does not say which document it updates.",
         _update_target, when=_is_update),
    rule("update-info-missing", _W, "N", "6.3",
         "Văn bản cập nhật không có BussinessDocumentInfo.", "The update has no BussinessDocumentInfo.", _update_info,
         when=_is_update),
    rule("update-of-nothing", _W, "M", "6.3; 5.6",
         "Văn bản cập nhật không nêu thay đổi nội dung, cũng không nêu thay đổi nơi nhận.",
         "The update says that neither content nor receivers changed.", _update_of_nothing, when=_is_update),
    rule("update-receivers-not-announced", _W, "M", "6.3; 5.6",
         "Có danh sách nơi nhận thay đổi nhưng DocumentReceiver là {found}, không phải {expected}.",
         "There is a list of changed receivers, but DocumentReceiver is {found}, not {expected}.",
         _receivers_not_announced, when=_is_update),
    rule("update-receivers-missing", _W, "N", "6.3; 5.6",
         "DocumentReceiver là 1 nhưng không có danh sách nơi nhận thay đổi.",
         "DocumentReceiver is 1, but there is no list of changed receivers.", _receivers_not_listed, when=_is_update),
    rule("replacement-missing", _E, "N", "6.4",
         "Văn bản thay thế không nêu văn bản bị thay thế.", "The replacement does not say what it replaces.",
         _replacement, when=_is_replacement),
    rule("replacement-of-itself", _E, "M", "6.4",
         "Văn bản {found} thay thế chính nó.", "The document {found} replaces itself.", _replacement_of_itself,
         when=_is_replacement),
    rule("operation-block-unexpected", _W, "M", "6.1-6.4; 4.3.3",
         "Khối {found} không thuộc về nghiệp vụ {expected}.",
         "The block {found} does not belong to operation {expected}.",
         _block_of_other_operation),
    rule("status-code-unknown", _E, "M", "4.7; 5.5",
         "Mã trạng thái {found} không có trong danh mục ({expected}).",
         "The status {found} is not in the code list ({expected}).",
         _status_code, applies="status"),
    rule("status-code-reserved", _W, "M", "5.5",
         "Mã trạng thái {found} chưa được dùng.", "The status {found} is reserved; nobody is known to use it.",
         _status_reserved, applies="status"),
    rule("status-reason-missing", _E, "N", "4.7; 5.5",
         "Trạng thái {found} phải kèm lý do trong Description.",
         "The status {found} must come with its reason, in Description.",
         _status_reason, applies="status"),
    rule("status-to-itself", _W, "M", "4.7",
         "Cơ quan báo trạng thái {found} cũng là bên kia (ResponseFor).",
         "The reporting agency {found} is also the other side (ResponseFor).", _status_to_itself, applies="status"),
    rule("status-in-future", _W, "R", "practice",
         "Thời điểm {found} ở sau ngày hiện tại {expected}.", "The timestamp {found} is after today, {expected}.",
         _status_in_future, applies="status"),
    rule("status-before-issue", _W, "M", "practice",
         "Thời điểm {found} ở trước ngày ban hành {expected} của văn bản.",
         "The timestamp {found} is before the document's date of issue, {expected}.",
         _status_before_document, applies="status"),
)  # fmt: skip
"""Rules over operations (section 6 of the protocol) and status packets (4.7)."""
