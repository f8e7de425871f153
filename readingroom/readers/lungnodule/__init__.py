"""Lung nodules: the reader `lungnodule`."""

NAME, VERSION = "lungnodule", "1"
