"""Checkpoints: everything that a training run needs to go on as if never stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from readingroom.errors import ReadingRoomError, RefusedInput

FILE_NAME = "checkpoint.pt"


def save(directory: Path, content: dict[str, Any]) -> None:
    """Write `content` so that a crash leaves the earlier checkpoint whole."""
    target = directory / FILE_NAME
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        torch.save(content, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def load(directory: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Return the checkpoint in `directory`; None where there is none.

    Raises
    ------
    RefusedInput
        If it was made with other settings than `settings`.
    ReadingRoomError
        If the file cannot be read.
    """
    source = directory / FILE_NAME
    if not source.exists():
        return None
    try:
        content: dict[str, Any] = torch.load(source, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise ReadingRoomError(
            "CHECKPOINT_UNREADABLE",
            f"The checkpoint {source.name} cannot be read ({type(error).__name__}).",
            "Delete it to start anew.",
        ) from error
    changed = [name for name in settings if content["settings"].get(name) != settings[name]]
    if changed:
        raise RefusedInput(
            "CHECKPOINT_MISMATCH",
            f"The checkpoint was made with other settings: {', '.join(changed)}.",
            "Use another directory, or start anew without resuming.",
        )
    return content


def random_state() -> dict[str, Any]:
    """Return torch's random states (dropout uses them)."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_random_state(state: dict[str, Any]) -> None:
    """Put torch's random states back; those of devices not here any more are left out."""
    torch.set_rng_state(state["cpu"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
