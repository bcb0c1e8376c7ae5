"""Diagnoses of waveforms with their evidence and spectra."""
