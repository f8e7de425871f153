"""Who may talk to the workbench: the person who was shown its address, and nobody else.

Other users of the same machine reach its loopback ports too. So the printed address holds a
token; whoever brings it gets a signed cookie, and every other request needs that cookie.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

_KEY_BYTES = 32
_ID_BYTES = 12
_SIGNATURE_CHARACTERS = 32
#: Names under which a browser on this machine may call; refuses DNS rebinding.
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


def state_folder() -> Path:
    """Return the private folder of the workbench's own small files, made if missing."""
    base = os.environ.get("READINGROOM_STATE") or os.environ.get("XDG_STATE_HOME")
    root = Path(base) if base else Path.home() / ".local" / "state"
    place = root / "readingroom" / "workbench"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


class Access:
    """The server's key; it outlives a restart, so that open browsers find their session again.

    Parameters
    ----------
    folder : Path
        Private folder that keeps the key.
    """

    def __init__(self, folder: Path) -> None:
        self._key = _key(folder / "key")
        self.token = self._digest("token")

    def admits(self, token: str) -> bool:
        """Whether `token` is the one in the printed address."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def new_identity(self) -> str:
        """Return the name of a new browser session."""
        return secrets.token_hex(_ID_BYTES)

    def cookie(self, identity: str) -> str:
        """Return the cookie's value for a browser session."""
        return f"{identity}.{self._digest(identity)}"

    def identity(self, cookie: str) -> str | None:
        """Return the session that `cookie` names; None unless this server signed it."""
        name, _, signature = cookie.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._digest(name).encode())
        return name if genuine and name.isalnum() else None

    def _digest(self, text: str) -> str:
        made = hmac.new(self._key, text.encode("utf-8"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).decode("ascii")[:_SIGNATURE_CHARACTERS]


def is_local(host: str) -> bool:
    """Whether a ``Host`` header names this machine."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.lower() in LOCAL_NAMES


def _key(path: Path) -> bytes:
    """Return the key kept at `path`; a new one, readable by its owner only, if there is none."""
    try:
        kept = path.read_bytes()
    except FileNotFoundError:
        kept = b""
    if len(kept) == _KEY_BYTES:
        return kept
    made = secrets.token_bytes(_KEY_BYTES)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    return made
