"""The doctor: what it finds, what it says, and that nothing silences it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from readingroom.doctor import Check, checks, codecs, core_works, examine


def found(area: str) -> dict[str, Check]:
    return {check.name: check for check in examine() if check.area == area}


def test_every_compressed_syntax_of_ct_archives_is_really_decoded():
    results = codecs.try_codecs()
    assert len(results) == 8
    assert all(results.values()), results


def test_a_decoder_that_returns_wrong_pixels_is_caught(monkeypatch):
    right = codecs._ramp
    monkeypatch.setattr(codecs, "_ramp", lambda bits: right(bits)[::-1])
    results = codecs.try_codecs()
    lossless = [works for name, works in results.items() if "JPEG Lossless" in name]
    assert lossless == [False, False]


def test_what_the_workbench_needs_is_looked_at_but_the_readers_do_not_wait_for_it(monkeypatch):
    assert {"aiohttp", "trame-slicer", "libEGL"} <= found("workbench").keys()
    real = checks.metadata.version

    def without_trame(name: str) -> str:
        if name == "trame-slicer":
            raise checks.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(checks.metadata, "version", without_trame)
    check = found("workbench")["trame-slicer"]
    assert check.state == "missing"
    assert check.how_to_get.startswith("pip install trame-slicer==")
    assert core_works(examine())


def test_pinned_packages_are_compared_with_what_is_installed(monkeypatch):
    assert found("packages")["pydicom"].state == "ok"
    real = checks.metadata.version
    monkeypatch.setattr(
        checks.metadata, "version", lambda name: "1.0" if name == "pydicom" else real(name)
    )
    check = found("packages")["pydicom"]
    assert check.state == "info"
    assert "tested with" in check.detail
    assert check.how_to_get.startswith("pip install pydicom==")


def test_a_missing_package_makes_the_core_unfit(monkeypatch):
    def version(name):
        raise checks.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(checks.metadata, "version", version)
    assert not core_works(list(checks.packages()))


def test_a_broken_library_is_one_line_and_the_rest_is_still_examined(monkeypatch):
    def broken():
        raise OSError("libtorch.so: cannot open shared object file")
        yield

    monkeypatch.setattr(checks, "SECTIONS", (broken, checks.disk))
    results = examine()
    assert [check.state for check in results] == ["broken", "ok"]
    assert not core_works(results)


def test_a_changed_weight_file_is_found(monkeypatch, tmp_path):
    from readingroom.inference.cards import Card, file_sha256

    (tmp_path / "tiny.safetensors").write_bytes(b"weights")
    card = Card(
        name="tiny",
        version="1",
        architecture="unet3d",
        classes=("a",),
        licence="Apache-2.0",
        files={"tiny.safetensors": file_sha256(tmp_path / "tiny.safetensors")},
    )
    (tmp_path / "tiny.json").write_text(card.to_json())
    monkeypatch.setattr("readingroom.inference.cards.search_folders", lambda: (tmp_path,))
    assert [check.state for check in checks.cards()] == ["ok"]
    (tmp_path / "tiny.safetensors").write_bytes(b"other")
    (check,) = checks.cards()
    assert (check.state, check.core) == ("broken", True)
    (tmp_path / "tiny.safetensors").unlink()
    assert [check.state for check in checks.cards()] == ["missing"]


def test_a_missing_tool_comes_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda tool: None)
    missing = found("tools")["dciodvfy"]
    assert (missing.state, missing.core) == ("missing", False)
    assert "dicom3tools" in missing.how_to_get


def test_a_full_disk_is_reported(monkeypatch, tmp_path):
    usage = checks.shutil.disk_usage(tmp_path)._replace(free=10**6)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda path: usage)
    (check,) = checks.disk()
    assert check.state == "broken"


@pytest.mark.parametrize(("works", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_the_readers_can_work(readingroom, monkeypatch, works, code):
    state = "ok" if works else "missing"
    monkeypatch.setattr(checks, "SECTIONS", (lambda: iter([Check("a", "b", state, core=True)]),))
    spoken = readingroom("doctor", "--json")
    assert (spoken.code, spoken.data["works"]) == (code, works)


def test_the_doctor_runs_on_this_very_machine():
    done = subprocess.run(
        [sys.executable, "-m", "readingroom.cli", "doctor"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1)
    assert "pydicom" in done.stdout
    assert "Traceback" not in done.stderr
