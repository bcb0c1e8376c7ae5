"""Sparkplug B 3.0: topics, payloads, arrays, sessions."""
