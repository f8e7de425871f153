"""Fluoroscopy with exact truth."""

from readingroom.readers.guidewire.simulatedpair import SimulatedPair, simulate_pair

__all__ = ["SimulatedPair", "simulate_pair"]
