"""Says what works on this machine and how to get the rest."""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from readingroom.errors import ReadingRoomError

if TYPE_CHECKING:
    from readingroom.inference.cards import Card

State = Literal["ok", "missing", "broken", "info"]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^;\s]+)\s*(?:;(.*))?$")
_ROOM_GB = 2.0
_OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    state : {'ok', 'missing', 'broken', 'info'}
    core : bool
        Whether the readers need it; the others widen what can be done.
    how_to_get : str
        The next step where it is missing or broken.
    """

    area: str
    name: str
    state: State
    detail: str = ""
    core: bool = False
    how_to_get: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return asdict(self)


def examine() -> list[Check]:
    """Look at everything; no check fails for another's sake."""
    return [check for section in SECTIONS for check in _guarded(section)]


def core_works(checks: list[Check]) -> bool:
    """Whether everything the readers need is there."""
    return all(check.state == "ok" for check in checks if check.core)


def _guarded(section: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from section()
    except Exception as fault:  # a broken library must not silence the doctor
        yield Check(section.__name__, type(fault).__name__, "broken", core=True, how_to_get=_REPAIR)


_REPAIR = "Install again: make setup, or pip install --force-reinstall readingroom."


def python() -> Iterator[Check]:
    """Check the interpreter."""
    good = sys.version_info >= _OLDEST_PYTHON
    how = "" if good else "Install Python 3.11 or newer."
    yield Check(
        "python", platform.python_version(), "ok" if good else "broken", core=True, how_to_get=how
    )


def packages() -> Iterator[Check]:
    """Compare installed packages with the versions this project is tested with."""
    for requirement in metadata.requires("readingroom") or []:
        match = _PIN.match(requirement)
        if match and _applies(match.group(3)):
            yield _package(match.group(1), match.group(2))


def _applies(marker: str | None) -> bool:
    """Whether a requirement is the core's; extras and other Pythons are left out."""
    if marker is None:
        return True
    if "extra" in marker:
        return False
    newer = sys.version_info >= (3, 11)
    return newer if ">=" in marker else not newer


def _package(name: str, pinned: str, *, area: str = "packages", core: bool = True) -> Check:
    how = f"pip install {name}=={pinned}"
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(area, name, "missing", f"{pinned} wanted", core=core, how_to_get=how)
    if installed.partition("+")[0] == pinned:
        return Check(area, name, "ok", installed, core=core)
    return Check(area, name, "info", f"{installed}; tested with {pinned}", how_to_get=how)


def workbench() -> Iterator[Check]:
    """Check what the browser workbench needs beside the core."""
    for requirement in metadata.requires("readingroom") or []:
        needed, _, marker = requirement.partition(";")
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", needed)
        if match and re.search(r"extra == .workbench.", marker):
            yield _package(match.group(1), match.group(2), area="workbench", core=False)
    yield _egl()


def compute() -> Iterator[Check]:
    """Check processor, GPU and the two inference engines."""
    import psutil
    import torch

    memory = psutil.virtual_memory().total / 2**30
    yield Check("compute", "processor", "ok", f"{os.cpu_count()} threads, {memory:.0f} GiB memory")
    bf16 = _has_bfloat16()
    yield Check("compute", "bfloat16", "info", "in hardware" if bf16 else "emulated, not used")
    yield _gpu(torch.cuda.is_available())
    onnxruntime = importlib.import_module("onnxruntime")
    providers = ", ".join(onnxruntime.get_available_providers())
    yield Check("compute", "onnxruntime", "ok", providers, core=True)


def _has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _gpu(available: bool) -> Check:
    if not available:
        how = "Not needed. For an NVIDIA GPU install its driver and the CUDA build of torch."
        return Check("compute", "gpu", "info", "none usable; the processor is used", how_to_get=how)
    import torch

    properties = torch.cuda.get_device_properties(0)
    return Check(
        "compute", "gpu", "ok", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    )


def codecs() -> Iterator[Check]:
    """Decode a small image in each compressed transfer syntax."""
    from readingroom.doctor.codecs import try_codecs

    for name, works in try_codecs().items():
        how = "" if works else _REPAIR
        yield Check("dicom", name, "ok" if works else "broken", core=True, how_to_get=how)


def cards() -> Iterator[Check]:
    """Check that the model cards are there and their weights unchanged."""
    from readingroom.inference.cards import list_cards

    found = list_cards()
    if not found:
        yield Check("models", "cards", "missing", core=True, how_to_get=_REPAIR)
    for card in found:
        yield _card(card)


def _card(card: Card) -> Check:
    try:
        card.path(card.weights_name)
    except ReadingRoomError as fault:
        state: State = "missing" if fault.code == "CARD_MISSING" else "broken"
        return Check("models", card.name, state, core=True, how_to_get=fault.what_to_do)
    return Check("models", card.name, "ok", f"{card.version}, {card.sha256[:12]}", core=True)


def fonts() -> Iterator[Check]:
    """Check the fonts of figures and of Chinese reports (both come with the packages)."""
    from matplotlib import font_manager
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    figures = Path(font_manager.findfont("DejaVu Sans"))
    yield Check("fonts", figures.stem, "ok", "figures", core=True)
    chinese = UnicodeCIDFont("STSong-Light")
    yield Check("fonts", chinese.fontName, "ok", "Chinese reports", core=True)


def disk() -> Iterator[Check]:
    """Check the room for temporary files and readings."""
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    enough = free >= _ROOM_GB
    how = "" if enough else f"Free some space: a day's readings want {_ROOM_GB:.0f} GiB."
    yield Check(
        "disk",
        "here",
        "ok" if enough else "broken",
        f"{free:.1f} GiB free",
        core=True,
        how_to_get=how,
    )


#: Tool -> what it serves for, and the Debian package that has it.
_TOOLS = {
    "dciodvfy": ("checks DICOM objects in the tests", "dicom3tools"),
    "pdftotext": ("checks PDF reports in the tests", "poppler-utils"),
    "Orthanc": ("a PACS to try against", "orthanc"),
    "chromium": ("browser for the workbench's tests", "chromium"),
}


def tools() -> Iterator[Check]:
    """Check the optional system tools."""
    for tool, (purpose, package) in _TOOLS.items():
        found = shutil.which(tool)
        how = "" if found else f"apt-get install {package}"
        yield Check("tools", tool, "ok" if found else "missing", purpose, how_to_get=how)


def _egl() -> Check:
    from ctypes.util import find_library

    purpose = "renders slices and surfaces without a screen"
    if find_library("EGL"):
        return Check("workbench", "libEGL", "ok", purpose)
    how = "apt-get install libegl1 libgl1-mesa-dri"
    return Check("workbench", "libEGL", "missing", purpose, how_to_get=how)


#: What `examine` looks at, in the order in which people read it.
SECTIONS: tuple[Callable[[], Iterator[Check]], ...] = (
    python,
    packages,
    workbench,
    compute,
    codecs,
    cards,
    fonts,
    disk,
    tools,
)
