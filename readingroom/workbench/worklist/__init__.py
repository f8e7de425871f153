"""The work list: what is there to read, what has been read, by whom."""
