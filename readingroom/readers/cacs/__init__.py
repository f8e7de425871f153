"""Coronary artery calcium: the reader `cacs`."""
