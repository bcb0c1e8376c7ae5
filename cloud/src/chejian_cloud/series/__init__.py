"""Signals of an equipment and their samples, raw or decimated for charts."""
