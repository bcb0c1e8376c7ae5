"""Simulated workshops of Chejian with known ground truth."""
