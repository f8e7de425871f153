"""The demonstration: a real scan and teaching cases, read and reported."""
