"""The packages that reading needs, in a folder of their own beside 3D Slicer's.

3D Slicer brings numpy, SimpleITK, pydicom and others in versions of its choice, and other
extensions rely on them. So nothing is installed into its site-packages: the exact versions
that ReadingRoom is tested with go into a folder that the reading process puts first on its
path, and the application last on its own.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import readingroom
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.slicerdesktop.host import Host

if TYPE_CHECKING:
    from packaging.requirements import Requirement

#: Where the pins are: beside the package in a checkout, below Resources in an extension.
_PINS = ("pyproject.toml", "Resources/Requirements/pyproject.toml")
_LOCK = ("requirements/lock.txt", "Resources/Requirements/lock.txt")


class Packages:
    """Which packages are there, and how the rest get there.

    Parameters
    ----------
    host : Host
    folder : Path, optional
        Where they go; by default below the user's data folder, one folder for each set of
        pins and version of Python, so that an update never mixes versions.
    """

    def __init__(self, host: Host, folder: Path | None = None) -> None:
        self._host = host
        self._root = Path(readingroom.__file__).resolve().parents[1]
        self.folder = folder or self._default_folder()

    def requirements(self) -> list[Requirement]:
        """Return the exact pins that the package itself declares."""
        from packaging.requirements import Requirement

        data = tomllib.loads(self._file(_PINS).read_text(encoding="utf-8"))
        return [Requirement(text) for text in data["project"]["dependencies"]]

    def missing(self) -> list[Requirement]:
        """Return the pins that neither the folder nor the running Python satisfies."""
        wanted = [r for r in self.requirements() if r.marker is None or r.marker.evaluate()]
        own = _versions(self.folder)
        if all(_fits(r, own.get(_plain(r.name), "")) for r in wanted):
            return []
        return [r for r in wanted if not _fits(r, _version_here(r.name))]

    def install(self, wheels: Path | None = None) -> None:
        """Install every pin into the folder; call it on the main thread, after consent.

        Parameters
        ----------
        wheels : Path, optional
            A folder of wheels to install from instead of the network.

        Raises
        ------
        RefusedInput
            ``WHEELS_MISSING`` if `wheels` is no folder with wheels, ``TESTING`` while the
            application runs its own tests.
        ReadingRoomError
            ``INSTALL_FAILED`` if pip fails; nothing is left behind.
        """
        if self._host.testing:
            raise RefusedInput(
                "TESTING",
                "The application runs its tests and installs nothing meanwhile.",
                "Install the packages in a normal session first.",
            )
        half = self.folder.with_name(self.folder.name + ".partial")
        shutil.rmtree(half, ignore_errors=True)
        try:
            self._host.install(self._arguments(half, wheels), self._file(_LOCK))
        except (subprocess.CalledProcessError, RuntimeError, OSError):
            shutil.rmtree(half, ignore_errors=True)
            raise _failed() from None
        shutil.rmtree(self.folder, ignore_errors=True)
        half.rename(self.folder)
        self.activate()

    def activate(self) -> None:
        """Let the application find the folder after everything of its own."""
        if self.folder.is_dir() and str(self.folder) not in sys.path:
            sys.path.append(str(self.folder))
            importlib.invalidate_caches()

    def _arguments(self, target: Path, wheels: Path | None) -> list[str]:
        """Return pip's arguments: never a package outside `target`."""
        offline = [] if wheels is None else ["--no-index", "--find-links", str(_checked(wheels))]
        pins = [str(requirement) for requirement in self.requirements()]
        return ["--target", str(target), "--no-warn-script-location", *offline, *pins]

    def _default_folder(self) -> Path:
        pins = "\n".join(sorted(str(r) for r in self.requirements()))
        digest = hashlib.sha256(pins.encode()).hexdigest()[:8]
        version = f"py{sys.version_info.major}{sys.version_info.minor}"
        return self._host.data_folder() / "ReadingRoom" / "packages" / f"{version}-{digest}"

    def _file(self, places: tuple[str, ...]) -> Path:
        for place in places:
            if (self._root / place).is_file():
                return self._root / place
        raise ReadingRoomError(
            "INSTALLATION_DAMAGED",
            f"The list of packages ({places[-1]}) is missing.",
            "Install the extension again.",
        )


def _checked(wheels: Path) -> Path:
    if wheels.is_dir() and any(wheels.glob("*.whl")):
        return wheels
    raise RefusedInput(
        "WHEELS_MISSING",
        "The folder for the offline installation holds no wheels.",
        "Choose the folder that 'pip download' filled, or leave the field empty.",
    )


def _failed() -> ReadingRoomError:
    return ReadingRoomError(
        "INSTALL_FAILED",
        "The packages could not be installed; nothing was changed.",
        "Check the network and the free disk space, or install from a folder of wheels.",
    )


def _versions(folder: Path) -> dict[str, str]:
    """Return ``{plain name: version}`` of what is installed in `folder`."""
    found = metadata.distributions(path=[str(folder)]) if folder.is_dir() else ()
    return {_plain(d.metadata["Name"]): d.version for d in found}


def _fits(requirement: Requirement, version: str) -> bool:
    return bool(version) and requirement.specifier.contains(version)


def _version_here(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
