"""``readingroom review [DIR…]``: the workbench in the browser."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.cli.output import Output
from readingroom.errors import RefusedInput

if TYPE_CHECKING:
    from readingroom.workbench.serve import Plan

_HOME = "ReadingRoom"


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    zh = language == "zh"
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="检查与判读所在的文件夹（默认 ~/ReadingRoom）"
        if zh
        else "folders with studies and readings (default ~/ReadingRoom)",
    )
    parser.add_argument(
        "--port", type=int, help="本机端口（默认 8765）" if zh else "port on this machine (8765)"
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="只打印地址，不打开浏览器" if zh else "print the address and open no browser",
    )
    parser.add_argument(
        "--desktop-window",
        action="store_true",
        help="在独立窗口中显示" if zh else "show it in a window of its own",
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="浏览器关闭后进程保留的时间" if zh else "how long a closed browser's process stays",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Serve the workbench until Ctrl-C, or until its window is closed."""
    require_packages()
    from readingroom.workbench.serve import Plan

    folders = args.folders or [_default_folder()]
    plan = Plan(tuple(folders), args.port, output.language, args.grace)
    if args.desktop_window:
        return _in_window(plan, output)
    return open_workbench(plan, output, browser=not args.no_browser)


def open_workbench(plan: Plan, output: Output, *, browser: bool) -> int:
    """Serve `plan`, printing the address and, if wanted, opening a browser."""
    from readingroom.workbench.serve import open_browser, serve

    def opened(address: str) -> None:
        say_address(address, output)
        if browser:
            open_browser(address)

    serve(plan, opened)
    return 0


def say_address(address: str, output: Output) -> None:
    """Print where the workbench is, for people or for machines."""
    output.say(f"  workbench:  {address}", f"  工作台：{address}")
    output.say(
        "  The address holds your key; do not pass it on. Ctrl-C ends the workbench.",
        "  地址中含有您的密钥，请勿转发。按 Ctrl-C 结束。",
    )
    output.data(address=address)


def require_packages() -> None:
    """Refuse with what to install if the workbench's packages are missing.

    Raises
    ------
    RefusedInput
        ``WORKBENCH_MISSING``.
    """
    if any(importlib.util.find_spec(name) is None for name in ("aiohttp", "trame_slicer")):
        raise RefusedInput(
            "WORKBENCH_MISSING",
            "The packages of the workbench are not installed.",
            "Install them with: pip install 'readingroom[workbench]'",
        )


def _in_window(plan: Plan, output: Output) -> int:
    """Serve until the window is closed, or close the window when the serving ends."""
    from readingroom.workbench.serve import serve
    from readingroom.workbench.window import Window, find_browser

    window = Window(find_browser())
    stop = asyncio.Event()

    def opened(address: str) -> None:
        say_address(address, output)
        loop = asyncio.get_running_loop()

        def closed() -> None:
            loop.call_soon_threadsafe(stop.set)

        window.open(address, closed)

    try:
        serve(plan, opened, stop=stop)
    finally:
        window.close()
    return 0


def _default_folder() -> Path:
    folder = Path.home() / _HOME
    folder.mkdir(exist_ok=True)
    return folder
