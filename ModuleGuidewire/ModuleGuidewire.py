"""Guidewires in 3D Slicer: a thin module over `readingroom.slicerdesktop`."""

import sys
from pathlib import Path

import vtk
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

from readingroom.slicerdesktop.livepanel import LivePanel  # noqa: E402
from readingroom.slicerdesktop.logic import ReaderLogic  # noqa: E402
from readingroom.slicerdesktop.parameters import ReaderParameters  # noqa: E402
from readingroom.slicerdesktop.readerwidget import (  # noqa: E402
    ReaderModuleWidget,
    describe_module,
)
from readingroom.slicerdesktop.selftest import run_tests  # noqa: E402

READER = "guidewire"


class ModuleGuidewire(ScriptedLoadableModule):
    """What the module list shows."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        describe_module(self, READER)


@parameterNodeWrapper
class ModuleGuidewireParameterNode(ReaderParameters):
    """What the panel remembers, saved with the scene."""


class ModuleGuidewireWidget(ReaderModuleWidget):
    """The panel."""

    reader = READER
    live = None  # a LivePanel, once the panel is there

    def make_logic(self):
        """See `ReaderModuleWidget`."""
        return ModuleGuidewireLogic()

    def cleanup(self):
        """See `ReaderModuleWidget`; the live feed stops first."""
        self._stop_live()
        super().cleanup()

    def check(self, caller=None, event=None):
        """See `ReaderModuleWidget`."""
        super().check(caller, event)
        if self.live is not None:
            self.live.check(None if self._parameters is None else self._parameters.inputVolume)

    def _make_parts(self):
        super()._make_parts()
        self.live = LivePanel(self.ui, self.work, self._packages_there, self.attempt)

    def _packages_there(self):
        return self.run.ensure_packages(self._parameters.wheelFolder)

    def _scene_closes(self, caller, event):
        self._stop_live()
        super()._scene_closes(caller, event)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_goes(self, caller, event, node):
        if self.live is not None and self.live.feed.node is node:
            self._stop_live()
        super()._node_goes(caller, event, node)

    def _stop_live(self):
        if self.live is not None:
            self.live.stop()


class ModuleGuidewireLogic(ScriptedLoadableModuleLogic):
    """Reading, review and export without a widget, in ``work``."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self.work = ReaderLogic(READER)

    def getParameterNode(self):  # noqa: N802 - called so by 3D Slicer
        """Return the scene's parameters of this module, typed."""
        return ModuleGuidewireParameterNode(super().getParameterNode())


class ModuleGuidewireTest(ScriptedLoadableModuleTest):
    """Tests that run inside 3D Slicer."""

    def runTest(self):  # noqa: N802 - called so by 3D Slicer
        """Run all of them."""
        run_tests(self, READER)
