"""The cloud service: registry, worker, API and console."""
