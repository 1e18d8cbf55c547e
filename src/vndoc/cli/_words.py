"""What the command says, in both languages: one table for pages, one for the help."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.cli._words_evidence import EVIDENCE_HELP, EVIDENCE_WORDS
from vndoc.cli._words_node import NODE_HELP, NODE_WORDS
from vndoc.cli._words_sim import SIM_HELP, SIM_WORDS
from vndoc.cli._words_stats import STATS_HELP, STATS_WORDS
from vndoc.cli._words_trust import TRUST_HELP, TRUST_WORDS
from vndoc.text import Text

__all__ = ["HELP", "WORDS"]

WORDS: Mapping[str, Text] = MappingProxyType(
    {
        **EVIDENCE_WORDS,
        **STATS_WORDS,
        **NODE_WORDS,
        **TRUST_WORDS,
        **SIM_WORDS,
        # -- one packet --------------------------------------------------------------------------
        "kind-new": Text("Gói tin văn bản: văn bản mới", "Document packet: new document"),
        "kind-recall": Text("Gói tin văn bản: thu hồi", "Document packet: recall"),
        "kind-update": Text("Gói tin văn bản: cập nhật", "Document packet: update"),
        "kind-replace": Text("Gói tin văn bản: thay thế", "Document packet: replacement"),
        "kind-other": Text("Gói tin văn bản: nghiệp vụ không rõ", "Document packet: unknown operation"),
        "kind-status": Text("Gói tin trạng thái", "Status packet"),
        "from": Text("Cơ quan gửi", "From"),
        "to": Text("Cơ quan nhận", "To"),
        "reporter": Text("Cơ quan báo", "Reported by"),
        "document-id": Text("Mã văn bản", "Document id"),
        "code": Text("Số, ký hiệu", "Number, notation"),
        "date": Text("Ngày ban hành", "Date of issue"),
        "document-type": Text("Loại văn bản", "Type of document"),
        "subject": Text("Trích yếu", "Subject"),
        "content": Text("Nội dung tóm tắt", "Short content"),
        "signer": Text("Người ký", "Signer"),
        "priority": Text("Mức độ khẩn", "Urgency"),
        "due-date": Text("Hạn trả lời", "Reply due"),
        "appendixes": Text("Phụ lục", "Appendices"),
        "to-places": Text("Dòng “Nơi nhận”", "Lines of “Nơi nhận”"),
        "response-for": Text("Trả lời, về văn bản", "About document"),
        "status": Text("Trạng thái", "Status"),
        "description": Text("Mô tả, lý do", "Description, reason"),
        "time": Text("Thời điểm", "Time"),
        "operation": Text("Nghiệp vụ", "Operation"),
        "reason": Text("Lý do", "Reason"),
        "target": Text("Văn bản bị tác động", "Target document"),
        "paper": Text("Bản giấy", "Paper copy"),
        "changes": Text("Thay đổi", "Changes"),
        "changed-content": Text("nội dung: {value}", "content: {value}"),
        "changed-receivers": Text("nơi nhận: {value}", "receivers: {value}"),
        "replaces": Text("Thay thế", "Replaces"),
        "staff": Text("Cán bộ xử lý", "Clerk"),
        "trace": Text("Vết gửi nhận", "Trace"),
        "signature": Text("Chữ ký trong gói tin", "Signature in the packet"),
        "signature-present": Text("có; chưa được kiểm tra", "present; not verified"),
        "signature-absent": Text("không có", "none"),
        "business-key": Text("Khóa nghiệp vụ", "Business key"),
        "content-digest": Text("Mã băm nội dung", "Content digest"),
        "form": Text("Dạng tệp", "Form of the file"),
        "route-plain": Text("đọc cả tệp một lần", "read as a whole"),
        "route-elided": Text("đọc riêng phần tệp đính kèm", "read without the text of attachments"),
        "route-stream": Text("đọc theo luồng", "read as a stream"),
        "attachments": Text("Tệp đính kèm ({count})", "Attachments ({count})"),
        "deviations": Text("Sai lệch so với quy chuẩn ({count})", "Departures from the standard ({count})"),
        "no-attachments": Text("Không có tệp đính kèm.", "No attachments."),
        "no-deviations": Text("Không có sai lệch.", "No departures."),
        "bytes": Text("{count} byte", "{count} bytes"),
        "packing-raw": Text("nguyên dạng", "raw"),
        "packing-zip": Text("nén zip", "zipped"),
        "no-name": Text("(không có tên)", "(no name)"),
        "no-label": Text("(không có kiểu nội dung)", "(no content type)"),
        "damaged": Text("HỎNG: {text}", "DAMAGED: {text}"),
        "place-line": Text("{path}, dòng {line}", "{path}, line {line}"),
        # -- severities and outcomes -------------------------------------------------------------
        "severity-error": Text("lỗi", "error"),
        "severity-warning": Text("cảnh báo", "warning"),
        "severity-note": Text("ghi chú", "note"),
        "outcome": Text(
            "{name}: {outcome} ({errors} lỗi, {warnings} cảnh báo, {notes} ghi chú)",
            "{name}: {outcome} ({errors} errors, {warnings} warnings, {notes} notes)",
        ),
        "passed": Text("đạt", "passed"),
        "failed": Text("không đạt", "failed"),
        # -- build -------------------------------------------------------------------------------
        "derived": Text(
            "Mã văn bản, lập từ mã cơ quan, ngày, số và ký hiệu: {value}", "Document id, made from its parts: {value}"
        ),
        "written": Text(
            "Đã ghi {name} ({size} byte, cấu hình nơi nhận {profile}).",
            "Wrote {name} ({size} bytes, profile {profile}).",
        ),
        "not-written": Text(
            "Không ghi {name}: gói tin có lỗi. --force ghi cả khi có lỗi.",
            "{name} was not written: the packet has errors. --force writes it all the same.",
        ),
        "recover-hint": Text(" Thử --recover.", " Try --recover."),
        "passphrase-hint": Text(
            "--passphrase-env nêu biến môi trường chứa mật khẩu.",
            "--passphrase-env names the environment variable that holds it.",
        ),
        "certificates-hint": Text(
            "--certificates nêu tệp chứng thư số, nếu tệp khóa PEM không kèm.",
            "--certificates names a file of certificates, where the PEM file of the key has none.",
        ),
        "overwrite-hint": Text("--overwrite cho phép ghi đè.", "--overwrite allows it."),
        # -- convert -----------------------------------------------------------------------------
        "converted": Text("{name} -> {output} ({size} byte)", "{name} -> {output} ({size} bytes)"),
        "gone": Text("  hết sai lệch: {ids}", "  departures gone: {ids}"),
        "remaining": Text("  còn sai lệch: {ids}", "  departures left: {ids}"),
        "new": Text("  sai lệch mới: {ids}", "  new departures: {ids}"),
        "signature-left-out": Text(
            "  chữ ký trong gói tin không được ghi: không phải XML-DSig",
            "  the signature in the packet was left out: it is no XML-DSig",
        ),
        "signature-kept": Text(
            "  chữ ký trong gói tin được chép lại; có thể không còn hợp lệ",
            "  the signature in the packet was copied; it may not be valid any more",
        ),
        "same": Text("  nội dung giữ nguyên", "  the content is the same"),
        "other": Text("  NỘI DUNG ĐÃ KHÁC", "  THE CONTENT DIFFERS"),
        # -- sign, verify ------------------------------------------------------------------------
        "signed": Text("{name} -> {output} ({size} byte), đã ký", "{name} -> {output} ({size} bytes), signed"),
        "key-not-protected": Text(
            "{name} mở được không cần mật khẩu: khóa bí mật không được bảo vệ",
            "{name} opens without a passphrase: the private key is not protected",
        ),
        "verify-signer": Text("Người ký", "Signer"),
        "verify-organisation": Text("Cơ quan, tổ chức", "Organisation"),
        "verify-issuer": Text("Tổ chức cấp chứng thư số", "Issued by"),
        "verify-unit": Text("Đơn vị quản lý chứng thư số", "Managed by"),
        "verify-time": Text("Thời điểm ký", "Time of signing"),
        "verify-integrity": Text("Tính toàn vẹn", "Integrity"),
        "verify-trust": Text("Chứng thư số tại thời điểm ký", "Certificate at the time of signing"),
        "verify-validity": Text("Hiệu lực của chứng thư số", "Certificate valid"),
        "proven-time": Text("{time}, theo dấu thời gian", "{time}, by a timestamp"),
        "claimed-time": Text(
            "{time}, người ký tự ghi, không phải bằng chứng", "{time}, as the signer wrote; no evidence"
        ),
        "no-time": Text("không có", "none"),
        "intact": Text("nguyên vẹn", "intact"),
        "not-intact": Text(
            "không nguyên vẹn, hoặc có phần không đối chiếu được", "not intact, or not all of it could be checked"
        ),
        "original-original": Text("Bản gốc có đủ chữ ký", "A signed original"),
        "original-information-only": Text(
            "Chỉ có giá trị thông tin: thiếu chữ ký", "For information only: signatures are missing"
        ),
        "original-cannot-tell": Text(
            "Chưa kết luận được có phải bản gốc", "It cannot be told whether this is an original"
        ),
        # -- extract -----------------------------------------------------------------------------
        "extracted": Text("{path}  {size} byte  SHA-256 {sha256}", "{path}  {size} bytes  SHA-256 {sha256}"),
        "nothing": Text("{name}: không có tệp đính kèm", "{name}: no attachments"),
        "attachment": Text(
            "{name}: tệp đính kèm {number} ({file}): {text}", "{name}: attachment {number} ({file}): {text}"
        ),
        # -- profiles ----------------------------------------------------------------------------
        "limit-organ_code_length": Text("mã định danh tối đa {value} ký tự", "agency codes up to {value} characters"),
        "limit-organ_code_groups": Text("mã định danh tối đa {value} nhóm", "agency codes of at most {value} groups"),
        "limit-packet_bytes": Text("gói tin tối đa {value} byte", "packets up to {value} bytes"),
        "limit-attachment_bytes": Text("tệp đính kèm tối đa {value} byte", "attachments up to {value} bytes"),
        "limit-attachment_name_length": Text("tên tệp tối đa {value} ký tự", "file names up to {value} characters"),
        "limit-attachment_name_ascii": Text("tên tệp không dấu", "file names without diacritics"),
        "no-limits": Text("không có giới hạn riêng", "no limits of its own"),
        # -- route -------------------------------------------------------------------------------
        "route-dates": Text(
            "địa chỉ theo ngày {meant_at}, gửi ngày {at}", "address as of {meant_at}, delivered on {at}"
        ),
        "route-candidates": Text("Có thể là", "May be"),
        "route-suggested": Text("gợi ý, không phải quy định", "suggested, not law"),
        "route-unknown-connection": Text(
            "Chưa rõ nơi nhận đã liên thông chưa: chỉ danh mục của trục cho biết.",
            "Whether the recipient is connected is not known: only the registry of the axis can tell.",
        ),
        "route-builtin": Text(
            "Danh mục kèm theo chỉ có các cơ quan cấp 1; --table dùng danh mục khác.",
            "The table that ships knows agencies of level 1 only; --table takes another.",
        ),
        "plan": Text("{name}: {count} nơi nhận", "{name}: {count} recipients"),
        "plan-trace": Text("đã đi qua: {trace}", "hops so far: {trace}"),
        "plan-carrier": Text("Gửi qua {carrier} ({count}): {codes}", "Submit to {carrier} ({count}): {codes}"),
        "plan-missing": Text("{count} nơi nhận không gửi được.", "{count} recipients get nothing."),
        "plan-complete": Text("Mọi nơi nhận đều gửi được.", "Every recipient gets its copy."),
        "plan-empty": Text("Gói tin không nêu nơi nhận nào.", "The packet names no recipient."),
        "table-used": Text("Danh mục: {name} {version} ({digest})", "Table: {name} {version} ({digest})"),
        # -- agencies ----------------------------------------------------------------------------
        "no-match": Text("Không tìm thấy: {query}", "Nothing found: {query}"),
        "no-agency": Text("Không có mã {code} trong danh mục.", "The code {code} is not in the table."),
        "closed": Text("đã đóng", "closed"),
        "validity": Text("Hiệu lực: {start} – {end}", "Valid: {start} – {end}"),
        "matched": Text("Khớp: {text}", "Matched: {text}"),
        "level": Text("Cấp {level}, loại {kind}", "Level {level}, kind {kind}"),
        "parent": Text("Cấp trên: {code}", "Body above: {code}"),
        "other-code": Text("Mã khác: {code} ({kind}{dates})", "Other code: {code} ({kind}{dates})"),
        "other-name": Text("Tên khác: {name}", "Other name: {name}"),
        "took-over": Text(
            "Nhận từ: {code}  {name} (đến {end}): {kind}{instrument}",
            "Took over from: {code}  {name} (until {end}): {kind}{instrument}",
        ),
        "taken-over": Text(
            "Kế thừa bởi: {code}  {name}: {kind}{instrument}", "Taken over by: {code}  {name}: {kind}{instrument}"
        ),
        "delegated": Text(
            "Ủy quyền nhận: {code} ({start} – {end}){kinds}{instrument}",
            "Receives for it: {code} ({start} – {end}){kinds}{instrument}",
        ),
        "connection": Text(
            "Liên thông: {connection}; hệ thống {system}; qua {carrier}",
            "Connection: {connection}; connected system {system}; through {carrier}",
        ),
        "row-source": Text(
            "Căn cứ: {source} (độ tin cậy: {confidence})", "Source: {source} (confidence: {confidence})"
        ),
        "unknown-value": Text("chưa rõ", "not known"),
        "checked": Text(
            "{name}: {outcome} ({count} cơ quan, {errors} lỗi, {warnings} cảnh báo; dạng {form})",
            "{name}: {outcome} ({count} agencies, {errors} errors, {warnings} warnings; form {form})",
        ),
        "check-hint": Text(
            "vndoc agencies check FILE liệt kê mọi lỗi.", "vndoc agencies check FILE lists all of them."
        ),
        "differs": Text(
            "{old} -> {new}: thêm {added}, bớt {removed}, đổi {changed} mã",
            "{old} -> {new}: {added} codes added, {removed} removed, {changed} changed",
        ),
        "diff-none": Text("{old} và {new} giống hệt nhau.", "{old} and {new} are the same."),
        "diff-info": Text("  thông tin về danh mục đã khác", "  what the table says about itself differs"),
        "diff-groups": Text("  các nhóm đã khác", "  the groups differ"),
        # -- details of errors -------------------------------------------------------------------
        "usage": Text("Sai cách dùng: {text}", "Wrong usage: {text}"),
        "usage-hint": Text("Xem: {path} --help", "See: {path} --help"),
        # -- demo --------------------------------------------------------------------------------
        "demo-step": Text("Bước {number}. {title}", "Step {number}. {title}"),
        "demo-kept": Text("Các tệp nằm ở {folder}.", "The files are in {folder}."),
        "demo-end": Text("Xong: mọi bước đều đạt.", "Done: every step passed."),
        "demo-failed": Text("Bước này không đạt.", "This step failed."),
    }
)
"""Texts of pages and messages, by key."""

HELP: Mapping[str, Text] = MappingProxyType(
    {
        **EVIDENCE_HELP,
        **STATS_HELP,
        **NODE_HELP,
        **TRUST_HELP,
        **SIM_HELP,
        "vndoc": Text(
            "Đọc, kiểm tra, tạo, ký, định tuyến và trao đổi gói tin văn bản điện tử (edXML).\n\n"
            "Mã thoát: 0 đạt, 1 không đạt hoặc có điều cần xem, 2 đầu vào không dùng được, 3 không xác định được.",
            "Read, check, build, sign, route and exchange packets of official documents (edXML).\n\n"
            "Exit codes: 0 passed, 1 failed or findings, 2 unusable input, 3 indeterminate.",
        ),
        "inspect": Text(
            "Xem gói tin: ai gửi, gửi ai, văn bản gì, tệp đính kèm, sai lệch.\n\n"
            "Mã thoát 1: có phần không đọc được (sai lệch mức lỗi, tệp đính kèm hỏng).",
            "Show packets: who, to whom, what, attachments, departures from the standard.\n\n"
            "Exit code 1: a part could not be understood (a departure that is an error, a damaged attachment).",
        ),
        "validate": Text(
            "Kiểm tra gói tin theo quy chuẩn, quy tắc nghiệp vụ và giới hạn trong cấu hình nơi nhận.",
            "Check packets against the standard, the business rules and the limits of a profile.",
        ),
        "build": Text(
            "Tạo gói tin từ bản mô tả TOML hoặc JSON và các tệp đính kèm.\n\n"
            "Riêng mã văn bản, nếu để trống, được lập từ mã cơ quan, ngày, số và ký hiệu; không tự điền gì khác.",
            "Build a packet from a description in TOML or JSON and the files to attach.\n\n"
            "Only the document id is made from its parts where it is not given; nothing else is filled in.",
        ),
        "convert": Text(
            "Ghi lại gói tin theo một cấu hình nơi nhận khác, hoặc chuyển sang JSON và ngược lại.",
            "Write packets again under another profile, or turn them into JSON and back.",
        ),
        "extract": Text(
            "Lấy tệp đính kèm ra một thư mục, với tên an toàn. Nhiều gói tin thì mỗi gói một thư mục con.",
            "Write the attachments into a folder, under safe names. Several packets get a subfolder each.",
        ),
        "sign": Text(
            "Niêm một gói tin, hoặc ký một tệp: CMS tách rời, XML.\n\n"
            "Dấu niêm là hai tệp đính kèm, còn nguyên khi trục liên thông viết lại gói tin.",
            "Seal a packet, or sign a file: detached CMS, XML.\n\n"
            "A seal is two attachments, and survives an axis that writes packets anew.",
        ),
        "verify": Text(
            "Kiểm tra chữ ký số của gói tin, tệp XML và CMS theo một chính sách.\n\n"
            "Mã thoát: 0 hợp lệ, 1 không hợp lệ, 2 không đọc được, 3 chưa đủ căn cứ xác định. Không truy cập "
            "mạng khi chưa có --fetch.",
            "Verify the signatures of packets, XML and CMS files under a policy.\n\n"
            "Exit code: 0 valid, 1 not valid, 2 unreadable, 3 cannot be determined. Nothing is fetched "
            "without --fetch.",
        ),
        "route": Text(
            "Gói tin gửi tới mã này thật ra đến đâu, và vì sao: vẽ chuỗi kế thừa với ngày và căn cứ pháp lý.\n\n"
            "Mỗi đối số là một mã, một nhóm (@provinces, @communes:H29), hoặc một gói tin: đường dẫn có / hoặc đuôi "
            ".edxml, .xml, hoặc - là đầu vào chuẩn. Với gói tin, các nơi nhận của nó được lập kế hoạch gửi, "
            "địa chỉ hiểu theo ngày ban hành.\n\n"
            "Mã thoát: 0 gửi được (kể cả khi chưa rõ đã liên thông chưa, trừ khi có --require-connected), "
            "1 không gửi được, 2 mã sai dạng hoặc tệp không dùng được, 3 không xác định được (nhiều khả năng, "
            "xung đột, đang chờ đăng ký, không rõ liên thông). Nhiều đối số: 2 trước 1, 1 trước 3.",
            "Where mail to a code really goes, and why: draws the chain with dates and legal instruments.\n\n"
            "Each argument is a code, a group (@provinces, @communes:H29), or a packet: a path with a / or ending "
            "in .edxml or .xml, or - for standard input. Of a packet the recipients are planned, "
            "their addresses taken as of its date of issue.\n\n"
            "Exit codes: 0 deliverable (also where nobody knows whether it is connected, unless "
            "--require-connected), 1 not deliverable, 2 malformed code or unusable file, 3 indeterminate "
            "(ambiguous, conflict, registration pending, connection unknown). Of several arguments 2 counts "
            "before 1, and 1 before 3.",
        ),
        "agencies": Text(
            "Tra cứu, xem, kiểm tra và so sánh danh mục cơ quan.", "Search, show, check and compare tables of agencies."
        ),
        "agencies-search": Text(
            "Tìm cơ quan theo tên (không cần dấu, nhận chữ viết tắt), mã hiện nay hoặc mã cũ, kèm lịch sử.\n\n"
            "Các từ được ghép thành một câu tìm. Mã thoát 1: không tìm thấy.",
            "Find agencies by name (without accents, abbreviated), present or former code, with their history.\n\n"
            "The words make one query. Exit code 1: nothing found.",
        ),
        "agencies-show": Text(
            "Xem mọi cơ quan đang hoặc từng mang mã này, theo từng thời kỳ.\n\nMã thoát 1: có mã không tìm thấy.",
            "Show every agency that has or had a code, period by period.\n\nExit code 1: a code was not found.",
        ),
        "agencies-check": Text(
            "Kiểm tra danh mục: liệt kê mọi lỗi và cảnh báo cùng số dòng.\n\nMã thoát: 1 có lỗi, 2 không đọc được.",
            "Check tables: list all errors and warnings with their row numbers.\n\nExit codes: 1 errors, 2 unreadable.",
        ),
        "agencies-diff": Text(
            "So sánh hai danh mục theo từng mã.\n\nMã thoát 1: có khác nhau.",
            "Compare two tables code by code.\n\nExit code 1: they differ.",
        ),
        "demo": Text(
            "Chạy thử: tạo, kiểm tra, niêm một gói tin, rồi hai hệ thống gửi, nhận, thu hồi qua trục mô phỏng.",
            "Tell the story of one packet: built, checked, sealed, exchanged by two systems over a simulated axis.",
        ),
        "profiles": Text("Liệt kê các cấu hình nơi nhận và giới hạn của chúng.", "List the profiles and their limits."),
        "schema": Text(
            "In JSON Schema cho kết quả --json của một lệnh.",
            "Print the JSON Schema of what a command gives with --json.",
        ),
        "version": Text("In phiên bản rồi thoát.", "Print the version and leave."),
        "files": Text(
            "Tệp, thư mục (mọi *.edxml, *.xml trong đó), hoặc - là đầu vào chuẩn.",
            "Files, folders (all *.edxml and *.xml in them), or - for standard input.",
        ),
        "json": Text("In kết quả dạng JSON.", "Print the result as JSON."),
        "lang": Text("Ngôn ngữ: vi hoặc en.", "Language: vi or en."),
        "profile": Text("Cấu hình nơi nhận; xem vndoc profiles.", "Profile of the peer; see vndoc profiles."),
        "recover": Text(
            "Đọc cả tệp có ký tự lạ trước XML, thiếu khai báo xlink hoặc khai báo sai bảng mã.",
            "Also read files with stray characters before the XML, an undeclared xlink prefix or a wrong encoding.",
        ),
        "full": Text(
            "Hiện cả thư điện tử, số di động, mã cán bộ (số định danh cá nhân luôn bị che).",
            "Also show e-mail, mobile number and id of clerks (citizen numbers stay masked).",
        ),
        "no-digest": Text("Không đọc nội dung tệp đính kèm.", "Do not read the content of attachments."),
        "today": Text("Ngày dùng để so sánh, dạng 2026-03-04.", "Date to compare with, as 2026-03-04."),
        "structure": Text("Cách kiểm tra cấu trúc: fast hoặc as-sent.", "How structure is checked: fast or as-sent."),
        "strict": Text("Cảnh báo cũng là không đạt.", "Warnings fail, too."),
        "description": Text(
            "Bản mô tả: tệp .toml hoặc .json, hoặc - là JSON từ đầu vào chuẩn.",
            "The description: a .toml or .json file, or - for JSON from standard input.",
        ),
        "attached": Text(
            "Tệp đính kèm, thêm vào sau các tệp nêu trong bản mô tả.",
            "Files to attach, after those of the description.",
        ),
        "output": Text("Tệp để ghi.", "The file to write."),
        "output-folder": Text(
            "Tệp; nhiều gói tin thì là thư mục, chưa có thì được tạo.",
            "The file; for several packets the folder, made if need be.",
        ),
        "allow-irregular": Text(
            "Chấp nhận mã định danh không đúng quy định.", "Accept agency codes that obey no scheme."
        ),
        "force": Text("Ghi cả khi gói tin có lỗi.", "Write the packet although it has errors."),
        "overwrite": Text("Ghi đè tệp đã có.", "Overwrite files that are there."),
        "template": Text(
            "In bản mô tả mẫu: document, recall, update, replace hoặc status.",
            "Print a description to fill in: document, recall, update, replace or status.",
        ),
        "to": Text("Dạng đích: edxml hoặc json.", "What to write: edxml or json."),
        "folder": Text("Thư mục để ghi.", "The folder to write into."),
        "packed": Text("Ghi nội dung như trong gói tin, không giải nén.", "Write the octets as packed in the packet."),
        "signed-files": Text(
            "Gói tin, XML hoặc CMS đã ký; - là đầu vào chuẩn.",
            "Signed packets, XML or CMS files; - for standard input.",
        ),
        "policy": Text(
            "Chính sách: vn_default, vn_15_2025_strict hoặc archive.",
            "Policy: vn_default, vn_15_2025_strict or archive.",
        ),
        "signed-content": Text(
            "Tệp được ký, khi chữ ký CMS hoặc XML tách rời.", "The signed file, for a detached CMS or XML signature."
        ),
        "trust-folder": Text(
            "Thư mục chứng thư số được tin cậy; xem vndoc trust.",
            "Folder of what is trusted; see vndoc trust.",
        ),
        "at-time": Text(
            "Thời điểm kiểm tra, ISO 8601; mặc định: bây giờ.", "Time of evaluation, ISO 8601; default: now."
        ),
        "to-sign": Text("Tệp cần ký.", "The file to sign."),
        "key": Text("Khóa bí mật: PEM hoặc PKCS#12 (.p12, .pfx).", "The private key: PEM or PKCS#12 (.p12, .pfx)."),
        "certificates": Text("Chứng thư số, nếu không nằm cùng khóa.", "Certificates, unless they are with the key."),
        "passphrase": Text(
            "Biến môi trường chứa mật khẩu của khóa.", "Environment variable with the passphrase of the key."
        ),
        "signature-form": Text(
            "seal (niêm gói tin), cms (tách rời) hoặc xml.", "seal (of a packet), cms (detached) or xml."
        ),
        "keep": Text("Lưu các tệp chạy thử vào thư mục này.", "Keep the files of the story in this folder."),
        "schema-name": Text("Tên lệnh, như agencies-show.", "Name of the command, as in agencies-show."),
        "codes": Text("Mã, nhóm (@tên) hoặc gói tin.", "Codes, groups (@name) or packets."),
        "at": Text("Ngày gửi, dạng 2025-07-01; mặc định hôm nay.", "Day of delivery, as 2025-07-01; default: today."),
        "meant-at": Text(
            "Ngày mà bên gửi hiểu địa chỉ; mặc định: ngày gửi, với gói tin là ngày ban hành.",
            "Day on which the sender took the address to be valid; default: that of delivery, "
            "for a packet its date of issue.",
        ),
        "kind": Text(
            "Loại văn bản, cho các ủy quyền chỉ nhận một số loại.",
            "Kind of document, for delegations that are limited to some.",
        ),
        "own-system": Text(
            "Mã hệ thống kết nối của mình: nơi nhận thuộc hệ thống này là nội bộ, gói tin quay lại thì dừng.",
            "Code of our own connected system: recipients behind it are local, a packet that comes back is stopped.",
        ),
        "require-connected": Text(
            "Không rõ đã liên thông chưa thì không coi là gửi được.", "An unknown connection is not good enough."
        ),
        "table": Text(
            "Danh mục: tệp, - là đầu vào chuẩn, builtin là danh mục kèm theo.",
            "The table: a file, - for standard input, builtin for the one that ships.",
        ),
        "tables": Text(
            "Danh mục: tệp, - là đầu vào chuẩn, hoặc builtin.", "Tables: files, - for standard input, or builtin."
        ),
        "old-table": Text("Danh mục trước.", "The table before."),
        "new-table": Text("Danh mục sau.", "The table after."),
        "table-format": Text(
            "Dạng danh mục: auto, csv, json, axis-agencies, axis-agencies-qd20, axis-units.",
            "Form of the table: auto, csv, json, axis-agencies, axis-agencies-qd20 or axis-units.",
        ),
        "query": Text("Tên, chữ viết tắt hoặc mã.", "Name, abbreviation or code."),
        "limit": Text("Số kết quả nhiều nhất.", "Most agencies to list."),
        "agency-codes": Text("Các mã.", "Codes."),
        "delta-output": Text("Ghi cả khác biệt ra tệp này (JSON).", "Also write the delta to this file (JSON)."),
    }
)
"""Texts of ``--help``: by command, argument and option."""
