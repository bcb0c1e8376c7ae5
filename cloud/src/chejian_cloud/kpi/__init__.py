"""KPI values of an equipment with their windows, inputs, completeness and revisions."""
