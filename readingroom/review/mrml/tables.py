"""The numbers of a reading as table nodes."""

from __future__ import annotations

import csv
import io
from typing import Any

import vtk

from readingroom.folder.tables import findings_table, measurements_table
from readingroom.reading import Reading

Node = Any


def new_tables(reading: Reading, scene: Node, name: str) -> dict[str, Node]:
    """Return table nodes by name: ``measurements`` and ``findings``."""
    nodes = {}
    for table in ("measurements", "findings"):
        nodes[table] = scene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} {table}".strip())
        nodes[table].SetUseColumnTitleAsColumnHeader(True)
    write_tables(nodes, reading)
    return nodes


def write_tables(nodes: dict[str, Node], reading: Reading) -> None:
    """Give the table nodes the present numbers."""
    contents = {"measurements": measurements_table(reading), "findings": findings_table(reading)}
    for table, node in nodes.items():
        node.SetAndObserveTable(_table(contents[table]))


def _table(text: str) -> vtk.vtkTable:
    header, *rows = csv.reader(io.StringIO(text))
    table = vtk.vtkTable()
    for number, title in enumerate(header):
        column = vtk.vtkStringArray()
        column.SetName(title)
        for row in rows:
            column.InsertNextValue(row[number])
        table.AddColumn(column)
    return table
