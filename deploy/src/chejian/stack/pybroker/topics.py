"""Which subscriptions a topic reaches."""

# Topics whose receivers are remembered; a plant has a few thousand, and the memory is given up when subscriptions change.
_REMEMBERED = 10_000


_SHARE = b"$share/"


def share_of(pattern: bytes) -> tuple[bytes, bytes]:
    """Share name and filter of a shared subscription ``$share/<name>/<filter>`` (MQTT 5, 4.8.2); no name for others."""
    if not pattern.startswith(_SHARE):
        return b"", pattern
    name, _, rest = pattern[len(_SHARE) :].partition(b"/")
    return name, rest


def valid_filter(pattern: bytes) -> bool:
    """Whether a filter is well formed; that of a shared subscription needs a name and a filter behind it."""
    name, rest = share_of(pattern)
    if pattern.startswith(_SHARE) and (not name or b"+" in name or b"#" in name):
        return False
    return _valid_plain(rest)


def _valid_plain(pattern: bytes) -> bool:
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

    A session with several filters on one topic gets each message once, at the highest QoS among them. Of the sessions
    with the same shared subscription one gets it, each in its turn, beside what it gets by its other filters.
    """

    def __init__(self) -> None:
        self._by_filter: dict[bytes, dict[str, int]] = {}
        self._receivers: dict[bytes, tuple[list[tuple[str, int]], list[bytes]]] = {}
        self._turn: dict[bytes, int] = {}

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
            self._turn.pop(pattern, None)
        self._receivers.clear()

    def remove_all(self, client: str) -> None:
        """End all subscriptions of a session."""
        for pattern in [pattern for pattern, keys in self._by_filter.items() if client in keys]:
            self.remove(pattern, client)

    def receivers(self, topic: bytes) -> list[tuple[str, int]]:
        """Sessions that get the next message of a topic, with the granted QoS."""
        everybody, shares = self._remembered(topic)
        return everybody if not shares else [*everybody, *map(self._next_of, shares)]

    def _next_of(self, pattern: bytes) -> tuple[str, int]:
        members = list(self._by_filter[pattern].items())
        turn = self._turn.get(pattern, 0) % len(members)
        self._turn[pattern] = turn + 1
        return members[turn]

    def _remembered(self, topic: bytes) -> tuple[list[tuple[str, int]], list[bytes]]:
        known = self._receivers.get(topic)
        if known is None:
            if len(self._receivers) >= _REMEMBERED:
                self._receivers.clear()
            known = self._receivers[topic] = self._find(topic)
        return known

    def _find(self, topic: bytes) -> tuple[list[tuple[str, int]], list[bytes]]:
        found: dict[str, int] = {}
        shares = []
        for pattern, keys in self._by_filter.items():
            name, plain = share_of(pattern)
            if not matches(plain, topic):
                continue
            if name:
                shares.append(pattern)
            else:
                for client, qos in keys.items():
                    found[client] = max(qos, found.get(client, 0))
        return list(found.items()), shares
