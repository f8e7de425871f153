"""Evaluation: agreement, overlap, classification, detection, figures, reader runs."""
