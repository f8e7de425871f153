"""Chinese."""
CHINESE: dict[str, str] = {}
FAULTS: dict[str, tuple[str, str]] = {}
