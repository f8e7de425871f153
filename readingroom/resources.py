"""Where the files under ``Resources`` lie: in a checkout, installed, or where a variable says."""

from __future__ import annotations

import os
import site
import sysconfig
from pathlib import Path

#: Folder below the installation's data folder; see ``data-files`` in pyproject.toml.
_INSTALLED = ("share", "readingroom", "Resources")


def resource_path(*parts: str) -> Path:
    """Return the path of a resource, whether or not it is there.

    The environment variable ``READINGROOM_RESOURCES`` names the folder and then is the only
    place. Otherwise it is ``Resources`` beside the package (a checkout), or, where that is
    missing, ``share/readingroom/Resources`` of the Python installation (a wheel).

    Parameters
    ----------
    *parts : str
        Path below the folder, such as ``"Models", "README.md"``.
    """
    named = os.environ.get("READINGROOM_RESOURCES")
    return (Path(named) if named else _root()).joinpath(*parts)


def _root() -> Path:
    checkout = Path(__file__).resolve().parent.parent / "Resources"
    installations = [Path(sysconfig.get_path("data")), Path(site.getuserbase())]
    installed = [place.joinpath(*_INSTALLED) for place in installations]
    return next((root for root in [checkout, *installed] if root.is_dir()), checkout)
