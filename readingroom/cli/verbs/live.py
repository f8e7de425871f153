"""``readingroom live``: the live page in the browser."""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from readingroom.cli.output import Output
from readingroom.errors import RefusedInput

_HOME = Path("ReadingRoom") / "corrections"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    zh = language == "zh"

    def said(english: str, chinese: str) -> str:
        return chinese if zh else english

    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="DIR",
        help=said("folder of your own videos and sequences", "您自己的视频与序列所在文件夹"),
    )
    parser.add_argument("--port", type=int, help=said("port on this machine", "本机端口"))
    parser.add_argument(
        "--token",
        help=said("key that the address must hold (default: a new one)", "地址须含的密钥"),
    )
    parser.add_argument(
        "--certfile", type=Path, help=said("PEM certificate: https and wss", "PEM 证书")
    )
    parser.add_argument("--keyfile", type=Path, help=said("PEM key of it", "证书的 PEM 私钥"))
    parser.add_argument(
        "--host",
        help=said(
            "address to serve other machines on; needs a certificate",
            "供其他机器访问的地址；须有证书",
        ),
    )
    parser.add_argument(
        "--corrections",
        type=Path,
        metavar="DIR",
        help=said(
            "where corrections are saved (default ~/ReadingRoom/corrections)",
            "修正的保存位置（默认 ~/ReadingRoom/corrections）",
        ),
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help=said("where the networks run", "网络运行设备"),
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help=said("print the address and open no browser", "只打印地址，不打开浏览器"),
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Serve the live page until Ctrl-C."""
    if importlib.util.find_spec("aiohttp") is None:
        raise RefusedInput(
            "WORKBENCH_MISSING",
            "The packages of the workbench are not installed.",
            "Install them with: pip install 'readingroom[workbench]'",
        )
    from readingroom.live.serve import Plan, serve
    from readingroom.workbench.serve import open_browser

    plan = Plan(
        folder=args.folder,
        corrections=args.corrections or Path.home() / _HOME,
        port=args.port,
        token=args.token,
        certificate=args.certfile,
        key=args.keyfile,
        host=args.host,
        language=output.language,
        device=args.device,
    )

    def opened(address: str) -> None:
        output.say(f"  live page:  {address}", f"  实时页面：{address}")
        output.say(
            "  The address holds your key; do not pass it on. Ctrl-C ends it.",
            "  地址中含有您的密钥，请勿转发。按 Ctrl-C 结束。",
        )
        output.data(address=address)
        if not args.no_browser:
            open_browser(address)

    serve(plan, opened)
    return 0
