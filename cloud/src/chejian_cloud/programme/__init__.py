"""The provincial programme: entries with milestones, targets against the plan's line, ranking, trends, scenarios."""
