"""Errors in Chinese, by code: what happened, what to do."""

from __future__ import annotations

CHINESE: dict[str, tuple[str, str]] = {}
