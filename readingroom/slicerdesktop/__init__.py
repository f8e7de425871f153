"""What the desktop modules of 3D Slicer share: the modules themselves are thin.

==================  ======================================================================
`texts`             the panel's words in the language of 3D Slicer
`host`              what is asked of 3D Slicer, in one place
`packages`          the Python packages that reading needs, installed beside 3D Slicer's own
`source`            the study behind a volume of the scene
`jobs`              the reading process, polled by a timer
`correction`, `looks`, `placing`
                    a reading in the scene, corrected by a person
`logic`             all of it for one reader, without a widget
`optionspanel`, `tables`, `editor`, `runpanel`, `reviewpanel`, `exportpanel`
                    parts of the panel
`readerwidget`      the panel
`unforeseen`        a fault that nobody foresaw, in words for the person
==================  ======================================================================

Importing this package, or any of its modules, needs nothing that 3D Slicer does not bring:
the module panel opens before anything is installed.
"""
