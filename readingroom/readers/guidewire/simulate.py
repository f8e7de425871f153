"""Fluoroscopy with exact truth: pairs for training, sequences, biplane, cases on disk."""

from readingroom.readers.guidewire.simulatedbiplane import SimulatedBiplane, simulate_biplane
from readingroom.readers.guidewire.simulatedcase import teaching_cases, write_case, write_cases
from readingroom.readers.guidewire.simulatedpair import SimulatedPair, simulate_pair
from readingroom.readers.guidewire.simulatedsequence import SimulatedSequence, simulate_sequence

__all__ = [
    "SimulatedBiplane",
    "SimulatedPair",
    "SimulatedSequence",
    "simulate_biplane",
    "simulate_pair",
    "simulate_sequence",
    "teaching_cases",
    "write_case",
    "write_cases",
]
