"""Guidewires and catheters in fluoroscopy: the reader `guidewire`."""

NAME, VERSION = "guidewire", "1"
