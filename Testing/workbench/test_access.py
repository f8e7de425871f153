"""Who may talk to the workbench."""

from __future__ import annotations

import os
import stat

from readingroom.workbench.access import Access, is_local, state_folder


def test_a_cookie_names_the_session_that_it_was_made_for(tmp_path):
    access = Access(tmp_path)
    name = access.new_identity()
    assert access.identity(access.cookie(name)) == name


def test_a_cookie_of_ones_own_making_is_not_taken(tmp_path):
    access = Access(tmp_path)
    name, other = access.new_identity(), access.new_identity()
    forged = f"{other}.{access.cookie(name).partition('.')[2]}"
    for cookie in (forged, name, f"{name}.", "", ".", "../../etc.x"):
        assert access.identity(cookie) is None


def test_the_key_outlives_the_server_so_that_open_browsers_come_back(tmp_path):
    before = Access(tmp_path)
    cookie = before.cookie("abc")
    after = Access(tmp_path)
    assert after.identity(cookie) == "abc"
    assert after.admits(before.token)


def test_another_server_has_another_key(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert not Access(one).admits(Access(other).token)


def test_a_damaged_key_is_replaced(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    assert Access(tmp_path).admits(Access(tmp_path).token)
    assert len((tmp_path / "key").read_bytes()) == 32


def test_nobody_else_can_read_the_key(tmp_path):
    Access(tmp_path)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_the_state_folder_is_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_STATE", str(tmp_path))
    place = state_folder()
    assert place.is_dir()
    assert tmp_path in place.parents


def test_only_names_of_this_machine_are_answered():
    assert is_local("127.0.0.1:8765")
    assert is_local("localhost")
    assert is_local("[::1]:80")
    assert not is_local("evil.example:8765")
    assert not is_local("127.0.0.1.evil.example")
