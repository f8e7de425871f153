"""Why an edit is refused, each with what to do."""

from __future__ import annotations

from readingroom.errors import RefusedInput


def signed() -> RefusedInput:
    """Return the refusal of an edit after the signature."""
    return RefusedInput(
        "SIGNED",
        "The reading is signed and cannot be changed.",
        "Reopen it first; the signed revision is kept.",
    )


def finding_unknown(finding_id: str) -> RefusedInput:
    """Return the refusal for an id that no finding has."""
    return RefusedInput(
        "FINDING_UNKNOWN",
        f"The reading has no finding '{finding_id}'.",
        "Choose one from the list of findings.",
    )


def finding_without_mask() -> RefusedInput:
    """Return the refusal to move voxels of a finding that has none."""
    return RefusedInput(
        "FINDING_WITHOUT_MASK",
        "Nothing is marked at the place of this finding.",
        "Reject it, and add it again where it is.",
    )


def not_removable() -> RefusedInput:
    """Return the refusal to remove what the machine found."""
    return RefusedInput(
        "FINDING_NOT_ADDED",
        "Only findings that a person added can be removed.",
        "Reject it: it stays in the list and counts nowhere.",
    )


def class_unknown(label: str) -> RefusedInput:
    """Return the refusal of a class that the reader does not have."""
    return RefusedInput(
        "CLASS_UNKNOWN",
        f"There is no class '{label}'.",
        "Choose one of the classes that the reader offers.",
    )


def nothing_to_split() -> RefusedInput:
    """Return the refusal to divide what is in one piece without a neck."""
    return RefusedInput(
        "NOTHING_TO_SPLIT",
        "This is one part without a neck: there is nothing to split.",
        "Erase where the parts shall be divided; what is apart becomes a finding of its own.",
    )


def landmark_unknown(name: str) -> RefusedInput:
    """Return the refusal for a landmark that is not there."""
    return RefusedInput(
        "LANDMARK_UNKNOWN", f"There is no landmark '{name}'.", "Choose one from the list."
    )


def landmark_exists(name: str) -> RefusedInput:
    """Return the refusal of a second landmark of one name."""
    return RefusedInput(
        "LANDMARK_EXISTS", f"There is a landmark '{name}' already.", "Move it, or use another name."
    )
