"""The edge agent: reads devices, buffers on disk, publishes Sparkplug B."""
