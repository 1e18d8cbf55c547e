"""What ``vndoc evidence`` says: parts of the two tables in :mod:`vndoc.cli._words`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.text import Text

__all__ = ["EVIDENCE_HELP", "EVIDENCE_WORDS"]

EVIDENCE_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "evidence-made": Text(
            "Hồ sơ bằng chứng của {name}: {output} ({size} byte, SHA-256 {digest}).",
            "Evidence record of {name}: {output} ({size} bytes, SHA-256 {digest}).",
        ),
        "evidence-incomplete": Text(
            "CẢNH BÁO: chỉ với hồ sơ này thì kiểm tra lại không ra cùng kết quả; "
            "hãy bổ sung dữ liệu thu hồi bằng --trust, --bundle hoặc --fetch.",
            "WARNING: from this record alone the result is not the same; add revocation data with --trust, --bundle "
            "or --fetch.",
        ),
        "evidence-revocation": Text(
            "Dữ liệu thu hồi lấy từ thư mục revocation trong --trust, từ --bundle, hoặc từ mạng với --fetch.",
            "Revocation data comes from the folder revocation in --trust, from --bundle, or over the network "
            "with --fetch.",
        ),
        "evidence-no-timestamp": Text(
            "Chữ ký không có dấu thời gian: khi chứng thư số hết hạn, hồ sơ này không còn chứng minh được gì, trừ khi "
            "được đóng dấu thời gian trước đó (--tsa, hoặc vndoc evidence stamp).",
            "A signature has no timestamp: when its certificate has ended, this record proves nothing any more, unless "
            "the record gets a timestamp before (--tsa, or vndoc evidence stamp).",
        ),
        "evidence-stamped": Text(
            "Đã đóng dấu thời gian lên hồ sơ {name}: {output} ({size} byte, SHA-256 {digest}).",
            "A timestamp was put over the record {name}: {output} ({size} bytes, SHA-256 {digest}).",
        ),
        "evidence-stamp-open": Text(
            "CẢNH BÁO: chỉ với hồ sơ này thì dấu thời gian chưa chứng minh được gì; cần gốc của tổ chức cấp dấu thời "
            "gian trong --trust, và dữ liệu thu hồi từ --trust, --bundle hoặc --fetch.",
            "WARNING: from this record alone a timestamp proves nothing; the root of its authority has to be in "
            "--trust, and revocation data has to come from --trust, --bundle or --fetch.",
        ),
        "evidence-confirmed": Text("Hồ sơ được xác nhận.", "The record is confirmed."),
        "evidence-not-confirmed": Text("Hồ sơ KHÔNG được xác nhận.", "The record is NOT confirmed."),
        "evidence-times": Text("  Lập lúc {made}, kiểm tra lúc {at}", "  Made at {made}, checked at {at}"),
    }
)
"""Texts of pages."""

EVIDENCE_HELP: Mapping[str, Text] = MappingProxyType(
    {
        "evidence": Text(
            "Hồ sơ bằng chứng: giữ lại mọi thứ để nhiều năm sau kiểm tra lại chữ ký mà không cần mạng.",
            "Evidence records: keep what it takes to verify a signature again years later, offline.",
        ),
        "evidence-make": Text(
            "Kiểm tra chữ ký của một tệp và lập hồ sơ bằng chứng: chứng thư số, dữ liệu thu hồi, dấu thời gian, "
            "báo cáo.\n\n"
            "Hồ sơ được ghi dù kết quả thế nào. Mã thoát: 0 hợp lệ, 1 không hợp lệ, 2 không đọc được, "
            "3 chưa đủ căn cứ xác định.",
            "Verify a file and write its evidence record: certificates, revocation data, timestamps, report.\n\n"
            "The record is written whatever the result. Exit codes: 0 valid, 1 not valid, 2 unreadable, "
            "3 cannot be determined.",
        ),
        "evidence-check": Text(
            "Kiểm tra hồ sơ bằng chứng cùng với văn bản của nó, chỉ dùng dữ liệu trong hồ sơ và các gốc tin cậy.\n\n"
            "Mã thoát: 0 được xác nhận và vẫn hợp lệ, 1 hồ sơ hoặc văn bản đã bị sửa, hoặc chữ ký không hợp lệ, "
            "2 không đọc được, 3 chưa đủ căn cứ xác định.",
            "Check an evidence record with its document, from what the record holds and the trusted anchors alone.\n\n"
            "Exit codes: 0 confirmed and still valid, 1 record or document changed, or a signature not valid, "
            "2 unreadable, 3 cannot be determined.",
        ),
        "evidence-stamp": Text(
            "Đóng thêm một dấu thời gian lên hồ sơ bằng chứng, để gia hạn trước khi chứng thư số của dấu thời gian "
            "trước hết hạn. Chứng thư số và dữ liệu thu hồi của các tổ chức cấp dấu thời gian được đưa vào hồ sơ; nếu "
            "có thì máy chủ được hỏi hai lần.\n\n"
            "Mã thoát: 0 mọi dấu thời gian đều có giá trị, 2 không đọc được hoặc không lấy được dấu thời gian, "
            "3 đã ghi nhưng có dấu thời gian chưa chứng minh được gì.",
            "Put a further timestamp over an evidence record: renew it before the certificate of the timestamp before "
            "ends. Certificates and revocation data of the authorities go in; where there are any, the server is asked "
            "two times.\n\n"
            "Exit codes: 0 every timestamp proves its time, 2 unreadable, or no timestamp to be had, 3 written, but a "
            "timestamp proves nothing.",
        ),
        "sign-tsa": Text(
            "Địa chỉ máy chủ dấu thời gian (RFC 3161) để đóng dấu lên chữ ký; cần --fetch và --allow-host.",
            "Address of the time-stamping authority (RFC 3161) for a timestamp over the signature; needs --fetch and "
            "--allow-host.",
        ),
        "tsa": Text(
            "Địa chỉ máy chủ dấu thời gian (RFC 3161) để đóng dấu lên hồ sơ; cần --fetch và --allow-host.",
            "Address of the time-stamping authority (RFC 3161) for a timestamp over the record; needs --fetch and "
            "--allow-host.",
        ),
        "evidence-file": Text("Tệp đã ký: gói tin, XML hoặc CMS.", "The signed file: a packet, XML or CMS."),
        "evidence-record": Text("Hồ sơ bằng chứng.", "The evidence record."),
        "evidence-document": Text(
            "Văn bản của hồ sơ; thiếu thì chỉ kiểm tra được bản thân hồ sơ.",
            "The document of the record; without it the record alone is checked.",
        ),
        "evidence-output": Text("Nơi ghi hồ sơ.", "Where the record goes."),
        "evidence-policy": Text(
            "Chính sách kiểm tra; mặc định là chính sách ghi trong hồ sơ.",
            "The policy; by default the one in the record.",
        ),
    }
)
"""Help of commands, arguments and options."""
