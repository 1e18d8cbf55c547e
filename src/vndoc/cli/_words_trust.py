"""What ``vndoc trust`` says: parts of the two tables in :mod:`vndoc.cli._words`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.text import Text

__all__ = ["TRUST_HELP", "TRUST_WORDS"]

TRUST_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "trust-counts": Text(
            "{anchors} chứng thư số được tin cậy; {pool} trung gian, {crls} CRL, {ocsps} phản hồi OCSP",
            "{anchors} trusted certificates; {pool} intermediates, {crls} revocation lists, {ocsps} OCSP responses",
        ),
        "trust-issuer": Text("Tổ chức cấp", "Issuer"),
        "trust-serial": Text("Số sê-ri", "Serial number"),
        "trust-validity": Text("Hiệu lực", "Valid"),
        "trust-key": Text("Khóa; chữ ký", "Key; signature"),
        "trust-fingerprint": Text("Vân tay SHA-256", "SHA-256 fingerprint"),
        "trust-recognised": Text("Vân tay đã biết", "Known as"),
        "trust-unknown": Text(
            "Không có trong bảng vân tay đã biết: hãy đối chiếu vân tay SHA-256 với nơi công bố.",
            "No known fingerprint: confirm the SHA-256 fingerprint with the publisher.",
        ),
        "trust-files": Text("Tệp: {files}", "Files: {files}"),
        "trusted-for": Text("Được tin cậy: {how}", "Trusted for: {how}"),
        "not-trusted": Text("Không được tin cậy.", "Not trusted."),
        "trust-legacy": Text("nhánh còn dùng SHA-1", "SHA-1 below it"),
        "trust-until": Text("đến {until}", "until {until}"),
        "purpose-government": Text("chữ ký số chuyên dùng công vụ", "official-duty signatures"),
        "purpose-national": Text("chữ ký số công cộng", "public signatures"),
        "purpose-timestamp": Text("dấu thời gian", "timestamps"),
        "no-certificate": Text("Không tìm thấy chứng thư số: {found}", "No such certificate: {found}"),
        "trust-added": Text("Đã thêm vào {folder}.", "Added to {folder}."),
        "trust-not-confirmed": Text(
            "Chưa thêm. Đối chiếu vân tay với nơi công bố, rồi chạy lại với --fingerprint và vân tay đó "
            "(hoặc --yes nếu đã đối chiếu).",
            "Nothing was added. Confirm the fingerprint with the publisher, then say it with --fingerprint "
            "(or --yes if that is done).",
        ),
        "trust-other-fingerprint": Text(
            "KHÔNG thêm: vân tay của chứng thư số khác với --fingerprint.",
            "NOT added: the certificate has another fingerprint than --fingerprint says.",
        ),
        "trust-present": Text(
            "Không thêm: {folder} đã có chứng thư số này. --overwrite thay mục đích và thời hạn.",
            "Not added: {folder} has this certificate. --overwrite replaces purposes and end.",
        ),
    }
)
"""Texts of pages."""

TRUST_HELP: Mapping[str, Text] = MappingProxyType(
    {
        "trust": Text(
            "Quản lý thư mục chứng thư số được tin cậy, dùng cho --trust của vndoc verify.",
            "Keep a folder of what is trusted, for --trust of vndoc verify.",
        ),
        "trust-list": Text("Liệt kê các chứng thư số được tin cậy và mục đích.", "List what is trusted, and for what."),
        "trust-add": Text(
            "Thêm một chứng thư số được tin cậy. Không thêm gì khi chưa có --fingerprint hoặc --yes.\n\n"
            "Mã thoát: 0 đã thêm, 1 chưa thêm, 2 không đọc được.",
            "Trust one certificate more. Nothing is added without --fingerprint or --yes.\n\n"
            "Exit codes: 0 added, 1 not added, 2 unreadable.",
        ),
        "trust-check": Text(
            "Kiểm tra thư mục: hết hạn, trùng, không rõ nguồn, yếu, sai mục đích, CRL quá hạn.\n\n"
            "Mã thoát: 1 có lỗi, 2 không đọc được.",
            "Check a folder: expired, duplicate, unknown, weak, trusted for the wrong thing, lists out of date.\n\n"
            "Exit codes: 1 errors, 2 unreadable.",
        ),
        "trust-show": Text(
            "Xem chứng thư số trong tệp, hoặc trong thư mục theo vân tay.\n\nMã thoát 1: có vân tay không tìm thấy.",
            "Show the certificates of files, or those of a folder by fingerprint.\n\n"
            "Exit code 1: a fingerprint was not found.",
        ),
        "certificate-file": Text("Tệp có đúng một chứng thư số.", "A file with one certificate."),
        "certificates-or-fingerprints": Text(
            "Tệp chứng thư số, hoặc ít nhất 8 chữ số đầu của vân tay SHA-256.",
            "Files of certificates, or the first 8 or more digits of a SHA-256 fingerprint.",
        ),
        "purpose": Text(
            "Tin cậy cho mục đích: government, national hoặc timestamp; dùng được nhiều lần.",
            "What it is trusted for: government, national or timestamp; may be repeated.",
        ),
        "fingerprint": Text(
            "Vân tay SHA-256 do nơi công bố cho biết; phải khớp.",
            "The SHA-256 fingerprint as the publisher tells it; it has to match.",
        ),
        "yes": Text("Đã đối chiếu vân tay theo cách khác.", "The fingerprint has been confirmed otherwise."),
        "legacy": Text(
            "Nhánh này còn dùng SHA-1 (gốc Chính phủ G1).", "Its hierarchy still carries SHA-1 (government root G1)."
        ),
        "not-after": Text(
            "Không tin cậy sau thời điểm hoặc ngày này.", "Do not trust it after this time, or the end of this day."
        ),
        "anchor-name": Text("Tên để hiển thị.", "The name to show."),
    }
)
"""Texts of ``--help``."""
