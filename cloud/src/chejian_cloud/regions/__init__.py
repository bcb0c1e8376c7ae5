"""Assessments of regions: regional index, national indicators and penetration, from values with their sources."""
