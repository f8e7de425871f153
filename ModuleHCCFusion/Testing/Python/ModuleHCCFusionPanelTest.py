"""Opens the panel of ModuleHCCFusion in 3D Slicer and closes it again."""

import unittest

import slicer


class ModuleHCCFusionPanelTest(unittest.TestCase):
    """The panel opens, binds to its parameter node, and survives a closed scene."""

    def test_panel(self):
        """Open, close the scene, open again."""
        slicer.util.selectModule("ModuleHCCFusion")
        widget = slicer.modules.ModuleHCCFusionWidget
        self.assertIsNotNone(widget.ui.noticeLabel)
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("Data")
        slicer.util.selectModule("ModuleHCCFusion")
        self.assertTrue(widget.ui.noticeLabel.text)
