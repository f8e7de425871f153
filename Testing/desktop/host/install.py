"""Put the host in place: the modules ``qt`` and ``ctk``, and what ``slicer`` lacks."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import slicer
import slicer.util

from Testing.desktop.host import (
    application,
    ctkmodule,
    mrmlwidgets,
    parameternodes,
    qtmodule,
    scripted,
    uifiles,
)

ROOT = Path(__file__).resolve().parents[3]
MODULES = ("ModuleCACS", "ModuleLungNodule", "ModuleGuidewire", "ModuleHCCFusion", "ModuleDXA")
_SOURCE = os.environ.get("READINGROOM_SLICER_SOURCE", "")


def install(folder: Path) -> application.Application:
    """Make the present process look like 3D Slicer and return its application."""
    qtmodule.application()
    sys.modules["qt"], sys.modules["ctk"] = qtmodule.make(), ctkmodule.make()
    slicer.app = app = application.Application(folder)
    slicer.mrmlScene = a_scene()
    slicer.modules = SimpleNamespace()
    slicer.dicomDatabase = application.Database()
    for widget in mrmlwidgets.CLASSES:
        setattr(slicer, widget.__name__, widget)
    _fill_util(app)
    _add_python_modules()
    parts = (ROOT / "readingroom" / "slicerdesktop").glob("*.py")
    names = [f"readingroom.slicerdesktop.{part.stem}" for part in parts]
    qtmodule.as_pythonqt("slicer.util", *names, *MODULES)
    return app


def uninstall() -> None:
    """Take the host away again, for other tests in this process."""
    for name in [n for n in sys.modules if n.startswith("readingroom.slicerdesktop")]:
        del sys.modules[name]
    for name in ("qt", "ctk", *MODULES, *(f"slicer.{n}" for n in _PYTHON)):
        sys.modules.pop(name, None)
    for name in ("app", "mrmlScene", "modules", "dicomDatabase"):
        delattr(slicer, name)


def a_scene() -> Any:
    """Return a scene with the nodes that the application always has."""
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerApplicationLogic()
    logic.SetMRMLScene(scene)
    scene._logic = logic
    for name in ("Red", "Yellow", "Green"):
        node = slicer.vtkMRMLSliceNode()
        node.SetName(name)
        node.SetLayoutName(name)
        node.SetSingletonTag(name)
        scene.AddNode(node)
        layers = slicer.vtkMRMLSliceCompositeNode()
        layers.SetLayoutName(name)
        layers.SetSingletonTag(name)
        scene.AddNode(layers)
    for kind in ("Interaction", "Selection"):
        tag = "Singleton"
        if scene.GetSingletonNode(tag, f"vtkMRML{kind}Node") is None:
            node = getattr(slicer, f"vtkMRML{kind}Node")()
            node.SetSingletonTag(tag)
            scene.AddNode(node)
    return scene


def load_module(name: str) -> SimpleNamespace:
    """Load a scripted module as qSlicerScriptedLoadableModule does; return its widget's home.

    The module's file is loaded under its own name, its class is made with its parent, and its
    widget with a parent that has a layout; then ``setup`` is called.
    """
    path = str(ROOT / name / f"{name}.py")
    parent = application.module_representation(path)
    setattr(slicer.modules, name.lower(), parent)
    module = _from_file(name, path)
    instance = getattr(module, name)(parent)
    home = SimpleNamespace(module=module, instance=instance, parent=application.module_parent())
    home.widget = _new_widget(name, home)
    return home


def reload_module(name: str, home: SimpleNamespace) -> None:
    """Mirror ``slicer.util.reloadScriptedModule``."""
    home.module = _from_file(name, getattr(slicer.modules, name.lower()).path)
    for child in home.parent.children():
        if hasattr(child, "hide"):
            child.hide()
    home.widget.cleanup()
    manager = slicer.app.moduleManager()
    manager.disconnect(manager.SIGNAL, home.widget._onModuleAboutToBeUnloaded)
    while home.parent.layout().count():
        home.parent.layout().takeAt(0)
    home.widget = _new_widget(name, home)


def _new_widget(name: str, home: SimpleNamespace) -> Any:
    widget = getattr(home.module, f"{name}Widget")(home.parent)
    setattr(slicer.modules, f"{name}Widget", widget)
    widget.setup()
    return widget


def _from_file(name: str, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _fill_util(app: application.Application) -> None:
    slicer.util.loadUI = uifiles.load_ui
    slicer.util.childWidgetVariables = uifiles.child_widget_variables
    slicer.util.messageBox = app.message_box
    slicer.util.delayDisplay = app.delay_display


_PYTHON = ("i18n", "packaging", "ScriptedLoadableModule", "parameterNodeWrapper")


def _add_python_modules() -> None:
    """Add the Python parts that pip lacks: those of a checkout of 3D Slicer, or stand-ins."""
    if _SOURCE:
        slicer.__path__.append(str(Path(_SOURCE) / "Base" / "Python" / "slicer"))
        for name in mrmlwidgets.NAMED:
            setattr(slicer, name, type(name, (mrmlwidgets.qMRMLWidget,), {}))
        slicer.util.executePythonModule = _run_python_module
        for name in _PYTHON:
            setattr(slicer, name, importlib.import_module(f"slicer.{name}"))
        qtmodule.as_pythonqt(*(n for n in sys.modules if n.startswith("slicer.")))
        return
    made = {
        "i18n": _i18n(),
        "packaging": _packaging(),
        "ScriptedLoadableModule": scripted.make(),
        "parameterNodeWrapper": parameternodes.make(),
    }
    for name, module in made.items():
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)


def _i18n() -> ModuleType:
    """Mirror Base/Python/slicer/i18n.py; there is no translation file here."""
    module = ModuleType("slicer.i18n")
    module.translate = lambda context, text: slicer.app.translate(context, text)
    module.tr = lambda text: module.translate("", text)
    return module


def _packaging() -> ModuleType:
    """Mirror Base/Python/slicer/packaging.py: ``pip_install`` with its very parameters."""
    module = ModuleType("slicer.packaging")

    def pip_install(
        requirements,
        constraints=None,
        no_deps_requirements=None,
        skip_packages=None,
        blocking=True,
        show_progress=True,
        requester=None,
        logCallback=None,
        completedCallback=None,
    ):
        if not isinstance(requirements, (str, list)):
            raise ValueError("pip_install requirement input must be string or list")
        arguments = requirements.split() if isinstance(requirements, str) else requirements
        constrained = [] if constraints is None else ["-c", str(constraints)]
        _run_python_module("pip", ["install", *arguments, *constrained])

    module.pip_install = pip_install
    return module


def _run_python_module(module: str, args: list[str], **_: Any) -> None:
    """Mirror ``slicer.util.executePythonModule``: raises CalledProcessError."""
    command = [sys.executable, "-m", module, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
