"""Chejian in one command: the embedded stack, the demo and its truth report."""
