"""A small MQTT 3.1.1 broker in Python for machines without mosquitto: ``python -m chejian.stack.pybroker --port N``.

QoS 0 and 1 (QoS 2 is taken from publishers, subscriptions are granted 1 at most), retained messages, wills, sessions,
takeover, and of MQTT 5 the shared subscriptions ``$share/<name>/<filter>``. Everything is in memory; there is no TLS
and no password, so it listens on the loopback only.
"""
