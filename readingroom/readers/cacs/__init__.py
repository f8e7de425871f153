"""Coronary artery calcium: the reader `cacs`."""

NAME, VERSION = "cacs", "1"
