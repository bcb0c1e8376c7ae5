"""Which subscriptions a topic reaches."""

# Topics whose receivers are remembered; a plant has a few thousand, and the memory is given up when subscriptions change.
_REMEMBERED = 10_000


def valid_filter(pattern: bytes) -> bool:
    """Whether a topic filter is well formed: ``+`` and ``#`` alone in their level, ``#`` last (section 4.7.1)."""
    levels = pattern.split(b"/")
    if not pattern or b"#" in b"/".join(levels[:-1]):
        return False
    return all(level in {b"+", b"#"} or not (b"+" in level or b"#" in level) for level in levels)


def matches(pattern: bytes, topic: bytes) -> bool:
    """Whether a filter covers a topic; topics that begin with ``$`` are hidden from leading wildcards."""
    if topic.startswith(b"$") and pattern[:1] in {b"+", b"#"}:
        return False
    wanted, levels = pattern.split(b"/"), topic.split(b"/")
    for position, level in enumerate(wanted):
        if level == b"#":
            return True  # it covers its parent level too: "a/#" is met by "a"
        if position >= len(levels) or level not in {b"+", levels[position]}:
            return False
    return len(wanted) == len(levels)


class Subscriptions:
    """Filters of all sessions, by client identifier.

    A session with several filters on one topic gets each message once, at the highest QoS among them.
    """

    def __init__(self) -> None:
        self._by_filter: dict[bytes, dict[str, int]] = {}
        self._receivers: dict[bytes, list[tuple[str, int]]] = {}

    def add(self, pattern: bytes, client: str, qos: int) -> None:
        """Subscribe, or change the QoS."""
        self._by_filter.setdefault(pattern, {})[client] = qos
        self._receivers.clear()

    def remove(self, pattern: bytes, client: str) -> None:
        """End one subscription; unknown ones are passed over."""
        keys = self._by_filter.get(pattern)
        if keys is None or keys.pop(client, None) is None:
            return
        if not keys:
            del self._by_filter[pattern]
        self._receivers.clear()

    def remove_all(self, client: str) -> None:
        """End all subscriptions of a session."""
        for pattern in [pattern for pattern, keys in self._by_filter.items() if client in keys]:
            self.remove(pattern, client)

    def receivers(self, topic: bytes) -> list[tuple[str, int]]:
        """Sessions that get a topic's messages, with the granted QoS."""
        known = self._receivers.get(topic)
        if known is None:
            if len(self._receivers) >= _REMEMBERED:
                self._receivers.clear()
            known = self._receivers[topic] = list(self._find(topic).items())
        return known

    def _find(self, topic: bytes) -> dict[str, int]:
        found: dict[str, int] = {}
        for pattern, keys in self._by_filter.items():
            if matches(pattern, topic):
                for client, qos in keys.items():
                    found[client] = max(qos, found.get(client, 0))
        return found
