"""Opens the panel of ModuleLungNodule in 3D Slicer and closes it again."""

import unittest

import slicer


class ModuleLungNodulePanelTest(unittest.TestCase):
    """The panel opens, binds to its parameter node, and survives a closed scene."""

    def test_panel(self):
        """Open, close the scene, open again."""
        slicer.util.selectModule("ModuleLungNodule")
        widget = slicer.modules.ModuleLungNoduleWidget
        self.assertIsNotNone(widget.ui.noticeLabel)
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("Data")
        slicer.util.selectModule("ModuleLungNodule")
        self.assertTrue(widget.ui.noticeLabel.text)
