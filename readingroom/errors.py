"""The one error type of the project: a code, what happened, what to do.

Every door (command line, worker, workbench, desktop, service) shows the same three
parts; none shows a stack trace for input that a person can mend.
"""

from __future__ import annotations


class ReadingRoomError(Exception):
    """A fault that a person can understand and act upon.

    Parameters
    ----------
    code : str
        Stable identifier in ``SCREAMING_SNAKE_CASE``, the same in every door.
    what_happened : str
        One sentence in plain words. Never holds a patient's name or identifier.
    what_to_do : str
        The next step for the person who reads it.
    """

    exit_code = 1

    def __init__(self, code: str, what_happened: str, what_to_do: str) -> None:
        super().__init__(f"{code}: {what_happened} {what_to_do}")
        self.code = code
        self.what_happened = what_happened
        self.what_to_do = what_to_do

    def as_dict(self) -> dict[str, str]:
        """Return the three parts as plain data, for JSON lines and REST answers."""
        return {
            "code": self.code,
            "what_happened": self.what_happened,
            "what_to_do": self.what_to_do,
        }


class RefusedInput(ReadingRoomError):
    """The input cannot be read as asked: nothing is wrong with the program."""

    exit_code = 2


class Cancelled(ReadingRoomError):
    """A person asked the work to stop."""

    def __init__(self) -> None:
        super().__init__("CANCELLED", "The reading was cancelled.", "Start it again when ready.")
