"""Opens the panel of ModuleGuidewire in 3D Slicer and closes it again."""

import unittest

import slicer


class ModuleGuidewirePanelTest(unittest.TestCase):
    """The panel opens, binds to its parameter node, and survives a closed scene."""

    def test_panel(self):
        """Open, close the scene, open again."""
        slicer.util.selectModule("ModuleGuidewire")
        widget = slicer.modules.ModuleGuidewireWidget
        self.assertIsNotNone(widget.ui.noticeLabel)
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("Data")
        slicer.util.selectModule("ModuleGuidewire")
        self.assertTrue(widget.ui.noticeLabel.text)
