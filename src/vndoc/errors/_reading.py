"""Texts of the errors that reading a packet and its files can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

READING_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        # -- reading -----------------------------------------------------------------------------
        "empty-input": Text("Tệp rỗng.", "The input is empty."),
        "not-xml": Text(
            "Tệp không phải là XML: {detail}.",
            "The input is not XML: {detail}.",
        ),
        "xml-malformed": Text(
            "XML sai cú pháp tại dòng {line}, cột {column}: {detail}.",
            "The XML is not well-formed at line {line}, column {column}: {detail}.",
        ),
        "xml-unbound-prefix": Text(
            "Tiền tố không gian tên chưa được khai báo tại dòng {line}: {detail}.{hint}",
            "A namespace prefix is used but not declared at line {line}: {detail}.{hint}",
        ),
        "xml-junk": Text(
            "Có ký tự lạ trước khai báo XML ({found}).{hint}",
            "There are stray characters before the XML declaration ({found}).{hint}",
        ),
        "xml-dtd": Text(
            "Tệp chứa khai báo DOCTYPE; vndoc không đọc DTD và thực thể.",
            "The input has a DOCTYPE declaration; vndoc reads no DTD and no entities.",
        ),
        "xml-encoding": Text(
            "Không hỗ trợ bảng mã {found}.",
            "The character encoding {found} is not supported.",
        ),
        "xml-encoding-mismatch": Text(
            "Tệp khai báo bảng mã {found} nhưng nội dung là {expected}.{hint}",
            "The input declares the encoding {found}, but its octets are {expected}.{hint}",
        ),
        "unknown-root": Text(
            "Phần tử gốc là {found}, không phải {expected}.",
            "The root element is {found}, not {expected}.",
        ),
        "unknown-namespace": Text(
            "Không gian tên {found} không thuộc dạng edXML nào đã biết.",
            "The namespace {found} belongs to no known form of edXML.",
        ),
        "unsupported-dialect": Text(
            "Dạng gói tin {found} chưa được hỗ trợ.",
            "The packet form {found} is not supported.",
        ),
        "header-missing": Text(
            "Gói tin không có {expected}.",
            "The packet has no {expected}.",
        ),
        "unknown-packet-kind": Text(
            "Không xác định được loại gói tin: không có StatusCode, cũng không có Code hay Subject.",
            "The packet kind cannot be told: there is neither StatusCode nor Code nor Subject.",
        ),
        "c14n-namespace": Text(
            "Dạng chuẩn (Canonical XML) không xác định: tên không gian tên {found} là URI tương đối.",
            "There is no canonical form (Canonical XML): the namespace name {found} is a relative URI.",
        ),
        "c14n-unavailable": Text(
            "Không lập được dạng chuẩn (Canonical XML) của gói tin như khi được gửi: {detail}.",
            "The canonical form (Canonical XML) of the packet as it was sent cannot be made: {detail}.",
        ),
        "c14n-too-complex": Text(
            "Không lập dạng chuẩn (Canonical XML): tài liệu khai báo quá nhiều không gian tên hoặc thuộc tính.",
            "The canonical form (Canonical XML) is not made: there are too many namespace declarations or attributes.",
        ),
        # -- limits ------------------------------------------------------------------------------
        "limit-packet-bytes": Text(
            "Gói tin lớn hơn {limit} byte.",
            "The packet is larger than {limit} bytes.",
        ),
        "limit-skeleton-bytes": Text(
            "Phần XML ngoài tệp đính kèm lớn hơn {limit} byte.",
            "The XML outside the attachments is larger than {limit} bytes.",
        ),
        "limit-document-bytes": Text(
            "Tài liệu XML lớn hơn {limit} byte.",
            "The XML document is larger than {limit} bytes.",
        ),
        "limit-document-nodes": Text(
            "Tài liệu XML có hơn {limit} thẻ và thuộc tính.",
            "The XML document has more than {limit} tags and attributes.",
        ),
        "limit-token-bytes": Text(
            "Một thẻ hoặc chú thích XML dài hơn {limit} byte.",
            "One XML tag or comment is longer than {limit} bytes.",
        ),
        "limit-depth": Text(
            "Các phần tử XML lồng nhau quá {limit} cấp.",
            "XML elements are nested deeper than {limit} levels.",
        ),
        "limit-attributes": Text(
            "Một phần tử XML có hơn {limit} thuộc tính.",
            "An XML element has more than {limit} attributes.",
        ),
        "limit-attachments": Text(
            "Gói tin có hơn {limit} tệp đính kèm.",
            "The packet has more than {limit} attachments.",
        ),
        "limit-receivers": Text(
            "Gói tin có hơn {limit} nơi nhận.",
            "The packet has more than {limit} receivers.",
        ),
        "limit-attachment-bytes": Text(
            "Tệp đính kèm {name} lớn hơn {limit} byte.",
            "The attachment {name} is larger than {limit} bytes.",
        ),
        "limit-unpack-ratio": Text(
            "Tệp nén {name} giải nén ra lớn gấp hơn {limit} lần (bom nén).",
            "The zip of {name} expands more than {limit} times (zip bomb).",
        ),
        "limit-unpacked-bytes": Text(
            "Không mở {name}: các tệp nén của gói tin giải nén ra hơn {limit} byte.",
            "{name} is not opened: the zips of the packet unpack to more than {limit} bytes.",
        ),
        # -- attachments -------------------------------------------------------------------------
        "base64-damaged": Text(
            "Nội dung base64 của tệp đính kèm hỏng tại ký tự thứ {offset}.",
            "The base64 text of the attachment is damaged at character {offset}.",
        ),
        "base64-padding": Text(
            "Dấu đệm '=' nằm giữa nội dung base64 của tệp đính kèm, tại ký tự thứ {offset}.",
            "There is padding '=' in the middle of the attachment's base64 text, at character {offset}.",
        ),
        "base64-truncated": Text(
            "Nội dung base64 của tệp đính kèm bị cắt cụt: {count} ký tự không phải là bội số của 4.",
            "The base64 text of the attachment is cut short: {count} characters are no multiple of 4.",
        ),
        "base64-children": Text(
            "Trong base64 của tệp đính kèm {name} có phần tử XML; không dùng được nội dung.",
            "There are XML elements inside the base64 of the attachment {name}; its content cannot be used.",
        ),
        "content-missing": Text(
            "Tệp đính kèm {name} không có nội dung.",
            "The attachment {name} has no content.",
        ),
        "zip-damaged": Text(
            "Tệp nén của {name} hỏng: {detail}.",
            "The zip of {name} is damaged: {detail}.",
        ),
        # -- sources -----------------------------------------------------------------------------
        "source-unreadable": Text(
            "Không đọc được tệp {name}: {detail}.",
            "The file {name} cannot be read: {detail}.",
        ),
        "source-changed": Text(
            "Tệp {name} đã thay đổi sau khi được đọc.",
            "The file {name} changed after it was read.",
        ),
        "source-closed": Text(
            "Nguồn của gói tin đã đóng.",
            "The source of the packet is closed.",
        ),
        "target-unwritable": Text(
            "Không ghi được tệp {name}: {detail}.",
            "The file {name} cannot be written: {detail}.",
        ),
        "no-packets": Text(
            "Thư mục {name} không có gói tin nào ({expected}).",
            "The folder {name} holds no packet ({expected}).",
        ),
        "target-exists": Text(
            "Đã có tệp {name}; không ghi đè.",
            "The file {name} is there already and is not overwritten.",
        ),
        "source-type": Text(
            "Nguồn không thể là {found}: đọc nhận bytes, đường dẫn hoặc tệp nhị phân; chữ ký nhận bytes hoặc Octets "
            "(như FileOctets); gói tin phải được ghi ra trước.",
            "A source cannot be {found}: reading takes bytes, a path or a binary file, signatures take bytes or Octets "
            "(such as FileOctets); a packet value is written first.",
        ),
        "target-type": Text(
            "Đích ghi phải là tệp nhị phân đã mở để ghi, không phải {found}.",
            "A target is a binary file that is open for writing, not {found}.",
        ),
    }
)
