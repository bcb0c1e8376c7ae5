"""Answers to a standard's items: how well founded each is, whether it fits its scale, what telemetry says against it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from chejian_analytics.assessment.definition import Item, Method, Scale, Standard
from chejian_analytics.assessment.indicators import Indicator

Number = int | float | Decimal | Fraction
"""A number as given; a float stands for the shortest decimal that prints it."""

_SHA256_DIGITS = 64
_LAST_LEVEL = 5
_ALLOWED = {
    Scale.SHARE: "a number from 0 to 1",
    Scale.SCORE: "a number from 0 to 100",
    Scale.YES_NO: "1 (yes) or 0 (no)",
    Scale.LEVEL: "a whole number from 0 to 5",
    Scale.QUANTITY: "a number from 0 on",
}


class Basis(StrEnum):
    """How well founded an answer is, best first."""

    MEASURED = "measured"
    """Computed from registry and stream."""
    ATTACHED = "declared with attachment"
    """Said by the enterprise, with a document."""
    DECLARED = "declared"
    """Said by the enterprise."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that supports an answer.

    Attributes:
        name: of the file.
        sha256: of its content, 64 hexadecimal digits.
    """

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to one item.

    Attributes:
        item: id of the item; in an index also of a node whose class value is known as published.
        values: one number; for graded items one grade for each requirement.
        basis: how well founded it is.
        base: value of the base year, for quantities of an index.
        attachments: documents; needed where the basis says so.
        indicator: the measurement; needed where the basis says so.
    """

    item: str
    values: tuple[Fraction, ...]
    basis: Basis = Basis.DECLARED
    base: Fraction | None = None
    attachments: tuple[Attachment, ...] = ()
    indicator: Indicator | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer is refused.

    Attributes:
        item: id of the item.
        value: what was given.
        allowed: what may be given.
    """

    item: str
    value: str
    allowed: str

    def __str__(self) -> str:
        """One line: item, value, what is allowed."""
        return f"{self.item}: {self.value}; allowed: {self.allowed}"


class AnswerError(ValueError):
    """Answers that do not fit the standard.

    Attributes:
        refusals: all of them.
    """

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("\n".join(map(str, refusals)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A declared answer that telemetry contradicts.

    Attributes:
        item: id of the item.
        declared: what was said.
        measured: what was measured.
        tolerance: how far they may be apart.
        completeness: of the measurement.
        indicator: id of the measurement.
    """

    item: str
    declared: Fraction
    measured: Fraction
    tolerance: Fraction
    completeness: Fraction
    indicator: str

    @property
    def over_declared(self) -> bool:
        """Whether more was said than measured."""
        return self.declared > self.measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What telemetry says about declared answers.

    Attributes:
        contradictions: by the order of the items.
        too_incomplete: items whose measurement exists and is too incomplete to judge.
    """

    contradictions: tuple[Contradiction, ...] = field(default=())
    too_incomplete: tuple[str, ...] = field(default=())


def number(value: Number) -> Fraction:
    """A number exactly; a float as the shortest decimal that prints it (0.7 is 7/10).

    Raises:
        ValueError: it is not finite.
    """
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def declare(item: str, *values: Number, attachments: Iterable[Attachment] = ()) -> Answer:
    """An answer that the enterprise gives, with or without documents."""
    kept = tuple(attachments)
    basis = Basis.ATTACHED if kept else Basis.DECLARED
    return Answer(item=item, values=tuple(map(number, values)), basis=basis, attachments=kept)


def measure(item: str, indicator: Indicator) -> Answer:
    """An answer that telemetry gives.

    Raises:
        ValueError: the indicator has no value.
    """
    if indicator.value is None:
        raise ValueError(f"{item}: {indicator.id} has no value in its window")
    return Answer(item=item, values=(indicator.value,), basis=Basis.MEASURED, indicator=indicator)


def by_item(standard: Standard, answers: Iterable[Answer]) -> dict[str, Answer]:
    """Answers by item, checked.

    Raises:
        AnswerError: lists every answer that does not fit, by item.
    """
    items: Mapping[str, Item] = {item.id: item for item in standard.items}
    nodes = {node.id for node in standard.nodes} if standard.method is Method.INDEX else set()
    found: dict[str, Answer] = {}
    refusals = []
    for answer in answers:
        if answer.item in found:
            refusals.append(Refusal(answer.item, "a second answer", "one answer"))
        elif answer.item not in items and answer.item not in nodes:
            refusals.append(Refusal(answer.item, "no such item", f"an item of {standard.id}"))
        else:
            refusals += _refusals(standard, items.get(answer.item), answer)
        found[answer.item] = answer
    if refusals:
        raise AnswerError(sorted(refusals, key=str))
    return found


def _refusals(standard: Standard, item: Item | None, answer: Answer) -> list[Refusal]:
    scale = Scale.QUANTITY if item is None else item.scale
    wrong = [str(float(value)) for value in answer.values if not fits(standard, scale, value)]
    if not answer.values or (len(answer.values) > 1 and scale is not Scale.GRADES):
        wrong.append(f"{len(answer.values)} values")
    found = [Refusal(answer.item, value, _allowed(standard, scale)) for value in wrong]
    if answer.basis is Basis.ATTACHED and not answer.attachments:
        found.append(Refusal(answer.item, "no attachment", "at least one attachment with that basis"))
    found += [
        Refusal(answer.item, f"attachment {each.name!r} with hash {each.sha256!r}", "64 hexadecimal digits")
        for each in answer.attachments
        if len(each.sha256) != _SHA256_DIGITS or not set(each.sha256) <= set("0123456789abcdef")
    ]
    return found + _measurement(item, answer)


def _allowed(standard: Standard, scale: Scale) -> str:
    return _ALLOWED.get(scale, f"grades {', '.join(f'{float(g):g}' for g in standard.grades)}")


def _measurement(item: Item | None, answer: Answer) -> list[Refusal]:
    if answer.basis is not Basis.MEASURED:
        return []
    if item is None or not item.evidence:
        return [Refusal(answer.item, "measured", "declared: telemetry has no measure of it")]
    given = answer.indicator
    if given is None or given.id != item.evidence or (given.value,) != answer.values:
        return [Refusal(answer.item, "measured", f"the value of the indicator {item.evidence}")]
    return []


def fits(standard: Standard, scale: Scale, value: Fraction) -> bool:
    """Whether a number is on a scale."""
    if scale is Scale.SHARE:
        return 0 <= value <= 1
    if scale is Scale.SCORE:
        return 0 <= value <= 100  # noqa: PLR2004 - the scale's name says it
    if scale is Scale.GRADES:
        return value in standard.grades
    if scale is Scale.YES_NO:
        return value in {0, 1}
    if scale is Scale.LEVEL:
        return value.denominator == 1 and 0 <= value <= _LAST_LEVEL
    return value >= 0


def contradictions(
    standard: Standard, answers: Mapping[str, Answer], measured: Mapping[str, Indicator]
) -> Findings:
    """Declared answers that the measurements contradict.

    Args:
        standard: whose items say which indicator measures them, how far apart both may be and how complete a measurement
            must be before it counts.
        answers: as `by_item` gives them.
        measured: indicators by id.
    """
    against, incomplete = [], []
    for item in standard.items:
        answer, indicator = answers.get(item.id), measured.get(item.evidence)
        if answer is None or answer.basis is Basis.MEASURED or indicator is None or indicator.value is None:
            continue
        if indicator.completeness < item.needs_completeness:
            incomplete.append(item.id)
        elif abs(answer.values[0] - indicator.value) > item.tolerance:
            against.append(
                Contradiction(
                    item=item.id,
                    declared=answer.values[0],
                    measured=indicator.value,
                    tolerance=item.tolerance,
                    completeness=indicator.completeness,
                    indicator=indicator.id,
                )
            )
    return Findings(contradictions=tuple(against), too_incomplete=tuple(incomplete))
