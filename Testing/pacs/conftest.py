"""Tools of the tier that holds our DICOM objects against a validator."""

from __future__ import annotations

import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def dciodvfy() -> str:
    """Return the validator of dicom3tools, installed through apt where it is absent.

    A machine on which it cannot be had fails: what is not validated is not done.
    """
    found = shutil.which("dciodvfy")
    if found is None and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "dicom3tools"]
        subprocess.run(install, check=False, capture_output=True)
        found = shutil.which("dciodvfy")
    if found is None:
        pytest.fail("dciodvfy is not on this machine; install the Debian package dicom3tools")
    return found
