"""How sharp a CT reconstruction kernel is, from its vendor's name for it.

Sources
-------
Siemens: the number in the name orders kernels by sharpness; B30 and B40 are the standard
body kernels, B10 and B20 softer, B50 to B80 sharper (SOMATOM Sensation operating
instructions, "Body kernels"). Newer names (Br40, Bl57, Qr36, I31f) keep the number.
GE, Philips, Canon/Toshiba: no vendor table is public; the classes below follow which
names imaging protocols and public data sets pair with soft-tissue and with lung or bone
reading. A name that is in no table gives None, never a guess.
"""

from __future__ import annotations

import re
from typing import Literal

Sharpness = Literal["soft", "medium", "sharp"]

#: Siemens numbers: up to and including the first soft, up to the second medium.
_SIEMENS_LIMITS = (36, 49)
_SIEMENS = re.compile(r"^(?:[BHDQUSITJ][A-Z]?)(\d{2,3})[A-Z]?\b")

_GE: dict[str, Sharpness] = {
    "SOFT": "soft",
    "STANDARD": "medium",
    "STND": "medium",
    "DETAIL": "medium",
    "CHEST": "medium",
    "HD STND": "medium",
    "HD STANDARD": "medium",
    "HD DETAIL": "medium",
    "LUNG": "sharp",
    "HD LUNG": "sharp",
    "BONE": "sharp",
    "HD BONE": "sharp",
    "BONEPLUS": "sharp",
    "HD BONEPLUS": "sharp",
    "EDGE": "sharp",
    "HD EDGE": "sharp",
    "ULTRA": "sharp",
    "HD ULTRA": "sharp",
}

_PHILIPS: dict[str, Sharpness] = {
    "A": "soft",
    "B": "soft",
    "SA": "soft",
    "UA": "soft",
    "UB": "soft",
    "CA": "soft",
    "XCA": "soft",
    "C": "medium",
    "SB": "medium",
    "UC": "medium",
    "CB": "medium",
    "XCB": "medium",
    "CC": "medium",
    "XCC": "medium",
    "D": "sharp",
    "E": "sharp",
    "EB": "sharp",
    "F": "sharp",
    "L": "sharp",
    "CD": "sharp",
    "XCD": "sharp",
    "Y": "sharp",
    "YA": "sharp",
    "YB": "sharp",
    "YC": "sharp",
    "YD": "sharp",
    "YE": "sharp",
}

#: Canon's FC number: the first digit is the region, the second the sharpness within it.
_CANON = re.compile(r"^FC(\d)(\d)")


def sharpness(kernel: str | None, manufacturer: str | None = None) -> Sharpness | None:
    """Return whether a kernel is smooth, standard or edge-enhancing.

    Parameters
    ----------
    kernel : str or None
        Convolution Kernel (0018,1210); only the first of several values counts, the
        second of Siemens names is the strength of iterative reconstruction.
    manufacturer : str or None
        Manufacturer (0008,0070); where absent, the form of the name decides.

    Returns
    -------
    {'soft', 'medium', 'sharp'} or None
        None if the name is unknown.
    """
    name = (kernel or "").split("\\")[0].strip().upper().replace("_", " ")
    if not name:
        return None
    vendor = (manufacturer or "").upper()
    if "SIEMENS" in vendor:
        return _siemens(name)
    if "PHILIPS" in vendor:
        return _PHILIPS.get(name)
    if vendor.startswith("GE"):
        return _GE.get(name)
    if "TOSHIBA" in vendor or "CANON" in vendor:
        return _canon(name)
    # Philips letters mean nothing without the vendor: they are left out here.
    return _GE.get(name) or _canon(name) or _siemens(name)


def _siemens(name: str) -> Sharpness | None:
    match = _SIEMENS.match(name)
    if match is None:
        return None
    number = int(match[1])
    soft, medium = _SIEMENS_LIMITS
    return "soft" if number <= soft else "medium" if number <= medium else "sharp"


def _canon(name: str) -> Sharpness | None:
    match = _CANON.match(name)
    if match is None:
        return None
    region, step = int(match[1]), int(match[2])
    if region in (3, 5, 7, 8):  # bone, lung, high resolution
        return "sharp"
    if region in (0, 1):  # body, with and without beam hardening correction
        return "soft" if step <= 2 else "medium"
    return "medium"  # head and heart
