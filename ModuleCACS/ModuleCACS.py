"""Coronary artery calcium in 3D Slicer: a thin module over `readingroom.slicerdesktop`."""

import sys
from pathlib import Path

from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
)

# Beside the modules in an extension, one folder up in a checkout.
for _place in (Path(__file__).resolve().parent, Path(__file__).resolve().parents[1]):
    if (_place / "readingroom").is_dir() and str(_place) not in sys.path:
        sys.path.append(str(_place))

from readingroom.slicerdesktop.logic import ReaderLogic  # noqa: E402
from readingroom.slicerdesktop.parameters import ReaderParameters  # noqa: E402
from readingroom.slicerdesktop.readerwidget import (  # noqa: E402
    ReaderModuleWidget,
    describe_module,
)
from readingroom.slicerdesktop.selftest import run_tests  # noqa: E402

READER = "cacs"


class ModuleCACS(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        describe_module(self, READER)


@parameterNodeWrapper
class ModuleCACSParameterNode(ReaderParameters):
    """What the panel remembers, saved with the scene."""


class ModuleCACSWidget(ReaderModuleWidget):
    """The panel."""

    reader = READER

    def make_logic(self):
        """See `ReaderModuleWidget`."""
        return ModuleCACSLogic()


class ModuleCACSLogic(ScriptedLoadableModuleLogic):
    """Reading, review and export without a widget, in ``work``."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.work = ReaderLogic(READER)

    def getParameterNode(self):  # noqa: N802 - called so by 3D Slicer
        """Return the scene's parameters of this module, typed."""
        return ModuleCACSParameterNode(super().getParameterNode())


class ModuleCACSTest(ScriptedLoadableModuleTest):
    """Tests that run inside 3D Slicer."""

    def runTest(self):  # noqa: N802 - called so by 3D Slicer
        """Run all of them."""
        run_tests(self, READER)
