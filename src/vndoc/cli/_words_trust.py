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
        "bundle-certificate": Text("Chứng thư số", "Certificate"),
        "bundle-crl": Text("CRL", "Revocation list"),
        "bundle-ocsp": Text("Phản hồi OCSP", "OCSP response"),
        "bundle-written": Text(
            "Đã ghi {count} mục vào {name}. Khi chuyển sang mạng khác, hãy đối chiếu SHA-256 của bản kê: {sha256}",
            "{count} items written to {name}. Where it is carried over, compare the SHA-256 of its manifest: {sha256}",
        ),
        "bundle-no-revocation": Text(
            "Không có dữ liệu thu hồi: hãy thêm --fetch, hoặc --from cho từng tệp.",
            "There is no revocation data in it: add --fetch, or --from for each file.",
        ),
        "bundle-empty": Text(
            "Không thu thập được gì; không ghi tệp nào.", "Nothing was collected, no file is written."
        ),
        "cache-damaged": Text(
            "Bỏ qua mục {name} trong thư mục --cache: {detail}", "Entry {name} of --cache is not used: {detail}"
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
        "trust-bundle": Text(
            "Thu thập chứng thư số, CRL và phản hồi OCSP vào một tệp, dùng cho --bundle của vndoc verify trong mạng "
            "không có kết nối. Gói không làm cho thứ gì được tin cậy.\n\n"
            "Mã thoát: 0 đã thu thập đủ, 1 không có gì, 2 không đọc được, 3 đã ghi nhưng có mục không tải được.",
            "Collect certificates, revocation lists and OCSP responses into one file, for --bundle of vndoc verify on "
            "a network that reaches nobody. A bundle makes nothing trusted.\n\n"
            "Exit codes: 0 collected, 1 nothing, 2 unreadable, 3 written, but something could not be fetched.",
        ),
        "bundle-file": Text("Tệp gói dữ liệu sẽ ghi.", "The file to write."),
        "bundle-from": Text(
            "Tệp hoặc địa chỉ của chứng thư số, CRL, phản hồi OCSP hay gói khác; dùng được nhiều lần.",
            "A file or address of certificates, a list, a response or another bundle; may be repeated.",
        ),
        "bundle-for": Text(
            "Tệp chứng thư số hoặc tệp đã ký: thu thập mọi thứ cần để kiểm tra nó; dùng được nhiều lần.",
            "A file of certificates or a signed file: collect all that it needs; may be repeated.",
        ),
        "bundles": Text(
            "Gói dữ liệu ngoại tuyến, do vndoc trust bundle ghi; dùng được nhiều lần.",
            "An offline bundle, written by vndoc trust bundle; may be repeated.",
        ),
        "fetch": Text(
            "Được tải chứng thư số và trạng thái thu hồi còn thiếu qua mạng, chỉ từ các máy chủ --allow-host.",
            "Missing certificates and revocation data may be fetched, from the hosts of --allow-host only.",
        ),
        "allow-host": Text(
            "Máy chủ được phép tải: tên, *.tên, kèm cổng nếu khác cổng chuẩn; dùng được nhiều lần.",
            "A host to fetch from: a name or *.name, with its port if it is not the usual one; may be repeated.",
        ),
        "allow-private-host": Text(
            "Như --allow-host, cho máy chủ trong mạng nội bộ.", "As --allow-host, for a host in a private network."
        ),
        "fetch-cache": Text("Thư mục giữ những gì đã tải.", "A folder that keeps what was fetched."),
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
