"""Assessments of enterprises and workshops: evidence from registry and stream, forms, reviews, and the programme."""
