"""Whether what was submitted is still as it was: the frozen document, its hash in three places, and every row beside it.

A change of any of them by SQL shows, also by an owner who switches triggers off. Who changes document, submission, step and
journal alike, leaves only hashes that people keep elsewhere: on paper, or signed.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from chejian_analytics.assessment import Frozen
from chejian_analytics.assessment.canonical import plain
from sqlalchemy.orm import Session

from chejian_cloud.assessment import forms, repository
from chejian_cloud.db.assessment import AssessmentSubmission

_BASES = {"measured": "measured", "attached": "declared with attachment", "declared": "declared"}
"""Column of a submission -> basis of the document."""


def broken(session: Session, each: AssessmentSubmission) -> tuple[str, ...]:
    """Parts of a submission that are not as they were: of content, step, journal, figures, evidence, attachments."""
    recorded = {
        event.sha256
        for event in repository.events(session, each.assessment_id)
        if event.kind == "submit" and event.revision == each.revision
    }
    journalled = set(repository.journalled(session, each.assessment_id, each.revision))
    found = []
    if recorded != {each.sha256}:
        found.append("step")
    if not journalled <= {each.sha256}:
        found.append("journal")
    frozen = Frozen(bytes(each.content), each.sha256)
    if not frozen.intact:
        return ("content", *found)  # with what else is beside it nothing can be compared
    return (*found, *_beside(session, each, frozen.document()))


def _beside(session: Session, each: AssessmentSubmission, document: Mapping[str, Any]) -> Iterator[str]:
    levels = [(level["id"], level["number"]) for level in document["result"]["levels"].values() if level]
    if (
        document["revision"] != each.revision
        or dict(_figures(each)) != dict(_frozen_figures(document))
        or (each.level, each.level_number) not in (levels or [(None, None)])
    ):
        yield "figures"
    rows = repository.evidence(session, each.assessment_id, each.revision)
    if [plain(forms.indicator_of(row)) for row in rows] != document["measured"] or {
        row.indicator: plain(forms.origin_of(row)) for row in rows
    } != document["context"]["evidence"]:
        yield "evidence"
    stored = {
        (a["name"], a["sha256"]): a["found"]
        for a in repository.attachment_hashes(session, each.assessment_id)
    }
    named = [(a["name"], a["sha256"]) for a in document["context"]["attachments"]]
    if any(stored.get(key) != key[1] for key in named):
        yield "attachments"


def _figures(each: AssessmentSubmission) -> Iterator[tuple[str, Any]]:
    for name in ("total", "answered", *_BASES, "contradictions"):
        yield name, getattr(each, name)


def _frozen_figures(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    result = document["result"]
    yield "total", None if result["total"] is None else forms.decimal_of(Fraction(result["total"]))
    yield "answered", forms.decimal_of(Fraction(result["answered"]))
    for column, basis in _BASES.items():
        yield column, forms.decimal_of(Fraction(result["founded"][basis]))
    yield "contradictions", len(result["findings"]["contradictions"])
