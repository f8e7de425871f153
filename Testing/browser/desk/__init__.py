"""What a person needs at a desk: a running workbench, a Chromium, hands and eyes."""

from Testing.browser.desk.chromium import Browser, chromium
from Testing.browser.desk.desk import Desk, bone
from Testing.browser.desk.workbench import Workbench

__all__ = ["Browser", "Desk", "Workbench", "bone", "chromium"]
