"""Frozen evidence: a submission as canonical bytes with their SHA-256, and where a later copy differs from them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chejian_analytics.assessment.answers import Answer
from chejian_analytics.assessment.canonical import canonical, plain
from chejian_analytics.assessment.indicators import Indicator
from chejian_analytics.assessment.result import Assessment

FORMAT = 2
"""Layout of the frozen document. In layout 1 levels and references had `source` and `note` in one language; what is read of a document to
verify it is the same in both."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document that can't change unseen.

    Attributes:
        content: canonical JSON, UTF-8; what is stored and shown.
        sha256: of the content, 64 hexadecimal digits; to be kept apart from it (audit, signature, paper).
    """

    content: bytes
    sha256: str

    @property
    def intact(self) -> bool:
        """Whether the content still has the hash."""
        return hashlib.sha256(self.content).hexdigest() == self.sha256

    def document(self) -> dict[str, Any]:
        """The content as JSON knows it.

        Raises:
            ValueError: the content does not have the hash.
        """
        if not self.intact:
            raise ValueError(
                f"content does not have the hash {self.sha256[:12]}...: it was changed after freezing"
            )
        found: dict[str, Any] = json.loads(self.content)
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """A place where a document differs from the frozen one.

    Attributes:
        path: keys and positions, like ``/answers/3/values/0``.
        frozen: what was frozen; None where there was nothing.
        found: what is there now; None where there is nothing.
    """

    path: str
    frozen: Any
    found: Any


def freeze(document: Mapping[str, Any]) -> Frozen:
    """Freeze any document of exact values.

    Raises:
        TypeError: a part has no one text, such as a float; names the place.
        ValueError: a number is out of bounds.
    """
    content = canonical(document)
    return Frozen(content, hashlib.sha256(content).hexdigest())


def submission(
    subject: str,
    answers: Iterable[Answer],
    measured: Iterable[Indicator],
    result: Assessment,
    *,
    submitted_at_us: int,
    revision: int,
    context: Mapping[str, Any] | None = None,
) -> Frozen:
    """Freeze what an enterprise submits: answers, evidence and result with the standard's version and digest.

    Args:
        subject: path of the enterprise or workshop.
        answers: in any order; the document has them by item.
        measured: all indicators of the form, also those that no answer uses.
        result: of `assess` with these answers.
        submitted_at_us: microseconds since 1970 UTC.
        revision: of the form, from 1.
        context: further exact values, such as queries, links and the registry's state.

    Raises:
        TypeError: the context holds what has no one text, such as a float; names the place.
    """
    return freeze(
        {
            "format": FORMAT,
            "subject": subject,
            "revision": revision,
            "submitted_at_us": submitted_at_us,
            "answers": sorted((plain(answer) for answer in answers), key=lambda each: str(each["item"])),
            "measured": sorted((plain(each) for each in measured), key=lambda each: str(each["id"])),
            "result": plain(result),
            "context": plain(context or {}),
        }
    )


def changes(frozen: Frozen, document: Mapping[str, Any]) -> list[Change]:
    """Every place where a document differs from the frozen one; empty when they are the same.

    Raises:
        ValueError: the frozen content itself was changed.
    """
    return list(_compare("", frozen.document(), plain(document)))


_NOTHING = object()


def _compare(path: str, old: Any, new: Any) -> Iterator[Change]:
    if type(old) is type(new) and isinstance(old, dict | list):
        before, after = _parts(old), _parts(new)
        for key in sorted({*before, *after}):
            yield from _compare(f"{path}/{key}", before.get(key, _NOTHING), after.get(key, _NOTHING))
    elif type(old) is not type(new) or old != new:
        yield Change(path, None if old is _NOTHING else old, None if new is _NOTHING else new)


def _parts(value: dict[str, Any] | list[Any]) -> dict[str, Any]:
    return value if isinstance(value, dict) else {str(i): each for i, each in enumerate(value)}
