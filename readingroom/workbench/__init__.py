"""The browser workbench: work list, views, findings, live numbers, sign-off.

``front`` is the one server that a browser talks to. It listens on this machine only, gives
every browser a process of its own (``session``, a trame application) and passes HTTP and
WebSocket on to it, so that two people never see each other's edits and a crash costs one
session alone.
"""
