"""A small host for the desktop modules: real Qt, real MRML, and stand-ins for the rest.

``qt`` is PySide6 with properties as attributes, as PythonQt has them. MRML and
``slicer.util`` are those of slicer-core. What pip does not bring is stood in for, each file
naming the source of 3D Slicer or CTK that it mirrors (checked against 3D Slicer 5.13.0 at
583e9b37 and 5.12 at 9034c71a, CTK at 868d56c7). A stand-in that accepts what the real class
would refuse is a defect.

With ``READINGROOM_SLICER_SOURCE`` naming a checkout of 3D Slicer, its own Python files replace
the stand-ins for ``parameterNodeWrapper``, ``ScriptedLoadableModule``, ``i18n`` and
``packaging``: the same tests then run on the real ones.
"""
