"""A lock on an open file that ends with the process, taken at once or not at all."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def lock_now(handle: int) -> bool:
        """Lock the file; False if another holds it."""
        import msvcrt
        import os

        # Far behind the content: on Windows a locked byte can be read by no one else.
        os.lseek(handle, 1 << 40, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:

    def lock_now(handle: int) -> bool:
        """Lock the file; False if another holds it or the file system knows no locks."""
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
