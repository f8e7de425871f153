"""The parameters that every reader's module keeps in its parameter node."""

from __future__ import annotations

from slicer import vtkMRMLScalarVolumeNode


class ReaderParameters:
    """Base of the modules' parameter nodes; a module's own class is wrapped.

    Attributes
    ----------
    inputVolume : vtkMRMLScalarVolumeNode
        The volume to read.
    outputFolder : str
        Where reading folders go; empty takes the temporary folder.
    wheelFolder : str
        Wheels for an installation without network; empty uses the network.
    readerOptions : str
        The reader's options as one line of JSON, see `OptionsPanel.to_text`.
    reviewer : str
        Who corrects and signs.
    exportSeg, exportSr, exportPdf, exportCsv, exportFhir, exportStl : bool
        Formats that leave the room.
    exportToDatabase : bool
        Whether DICOM objects also go into the DICOM database.
    """

    inputVolume: vtkMRMLScalarVolumeNode  # noqa: N815 - names as 3D Slicer's panels bind them
    outputFolder: str  # noqa: N815
    wheelFolder: str  # noqa: N815
    readerOptions: str  # noqa: N815
    reviewer: str
    exportSeg: bool = True  # noqa: N815
    exportSr: bool = True  # noqa: N815
    exportPdf: bool = True  # noqa: N815
    exportCsv: bool = False  # noqa: N815
    exportFhir: bool = False  # noqa: N815
    exportStl: bool = False  # noqa: N815
    exportToDatabase: bool = True  # noqa: N815
