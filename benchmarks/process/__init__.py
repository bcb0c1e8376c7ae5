"""Scores of the methods on process channels, one module per set; `benchmarks.diagnosis_score` prints them all.

Each module has ``table(folder)``: the text for the set inside a folder of recordings, "" when it is not there.
"""
