"""Counters of a Sparkplug session: bdSeq and seq, on the edge's and on the host's side."""

from dataclasses import dataclass

SEQ_MODULUS = 256
"""seq and bdSeq run 0..255 (tck-id-payloads-sequence-num-incrementing, tck-id-topics-nbirth-bdseq-increment)."""


@dataclass(slots=True)
class EdgeSession:
    """Counters of an edge node.

    Attributes:
        bd_seq: of the present CONNECT, -1 before the first; kept over a rebirth, +1 at each CONNECT; persisted by the edge.
    """

    bd_seq: int = -1
    _seq: int = 0

    def next_connect(self) -> int:
        """Advance bdSeq for a new CONNECT and return it."""
        self.bd_seq = (self.bd_seq + 1) % SEQ_MODULUS
        return self.bd_seq

    def birth(self) -> int:
        """Seq of an NBIRTH: always 0; the count starts again behind it."""
        self._seq = 0
        return 0

    def next_seq(self) -> int:
        """Seq of the next NDATA, DBIRTH, DDATA or DDEATH."""
        self._seq = (self._seq + 1) % SEQ_MODULUS
        return self._seq


@dataclass(slots=True)
class HostSession:
    """What a host knows of one edge node's session.

    Attributes:
        bd_seq: of the last NBIRTH, None before the first.
        online: between NBIRTH and NDEATH.
    """

    bd_seq: int | None = None
    online: bool = False
    _seq: int | None = None

    def birth(self, bd_seq: int | None, seq: int) -> None:
        """An NBIRTH came; any seq is accepted, 0 is what the topic chapter asks for."""
        self.bd_seq, self._seq, self.online = bd_seq, seq, True

    def in_order(self, seq: int) -> bool:
        """Take the seq of a message behind the birth; False when one or more before it are missing."""
        if self._seq is None:
            return False
        expected = (self._seq + 1) % SEQ_MODULUS
        self._seq = seq
        return seq == expected

    def death(self, bd_seq: int | None) -> bool:
        """An NDEATH came; False when it belongs to an older session and must be ignored."""
        if self.bd_seq is not None and bd_seq is not None and bd_seq != self.bd_seq:
            return False
        self.online, self._seq = False, None
        return True
