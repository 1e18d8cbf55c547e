"""What ``vndoc sim`` says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.text import Text

__all__ = ["SIM_HELP", "SIM_WORDS"]

SIM_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "sim-running": Text("Trục mô phỏng đang chạy: {url}", "The simulated axis is running: {url}"),
        "sim-page": Text("  trang theo dõi: {url}/", "  page to watch it: {url}/"),
        "sim-doors": Text(
            "  VXP: {url}   LGSP: {url}/v1   eDoc REST: {url}/EdocService",
            "  VXP at {url}   LGSP at {url}/v1   eDoc REST at {url}/EdocService",
        ),
        "sim-system": Text("  hệ thống {id}: {codes}", "  system {id}: {codes}"),
        "sim-secret": Text("  hệ thống {id}, khóa {secret}: {codes}", "  system {id}, secret {secret}: {codes}"),
        "sim-fault": Text("  lỗi giả lập {fault}: {effect}", "  fault {fault}: {effect}"),
        "sim-open": Text(
            "  Cảnh báo: {host} có thể truy cập được từ máy khác.",
            "  Warning: {host} may be reached from other machines.",
        ),
        "sim-stop": Text("Nhấn Ctrl+C để dừng.", "Press Ctrl+C to stop."),
        "sim-stopped": Text(
            "Đã dừng: {packets} gói tin đã qua trục.", "Stopped: {packets} packets went over the axis."
        ),
    }
)

SIM_HELP: Mapping[str, Text] = MappingProxyType(
    {
        "sim": Text(
            "Chạy trục liên thông mô phỏng trên máy này, có trang theo dõi. Dừng bằng Ctrl+C.\n\n"
            "Hỗ trợ VXP, LGSP và eDoc REST. Không có --agencies thì dùng ba hệ thống mẫu, khóa được in ra. "
            "Với --json, một đối tượng JSON được in khi trục đã sẵn sàng.",
            "Run a simulated axis on this machine, with a page to watch it. Ctrl+C stops it.\n\n"
            "It speaks VXP, LGSP and eDoc REST. Without --agencies there are three systems as an example, their "
            "secrets are printed. With --json one object is printed once the axis is ready.",
        ),
        "sim-port": Text("Cổng; 0: cổng còn trống.", "Port; 0 for one that is free."),
        "sim-host": Text("Địa chỉ để lắng nghe.", "Address to listen at."),
        "sim-agencies": Text("Danh bạ: tệp TOML hoặc JSON.", "The registry: a TOML or JSON file."),
        "sim-faults": Text(
            "Lỗi giả lập, như drop@sendEdoc,nth=2; dùng được nhiều lần.",
            "A fault, as drop@sendEdoc,nth=2; may be given several times.",
        ),
        "sim-data": Text(
            "Thư mục lưu các gói tin; mặc định: thư mục tạm.",
            "Folder that keeps the packets; default: a temporary one.",
        ),
        "sim-pass-through": Text("Không viết lại gói tin: giao nguyên từng byte.", "Do not rewrite packets."),
        "sim-max-skew": Text(
            "Từ chối yêu cầu lệch giờ hơn chừng này giây.", "Refuse requests whose time is off by more seconds."
        ),
        "sim-seconds": Text("Tự dừng sau chừng này giây.", "Stop by itself after so many seconds."),
    }
)
