"""What an assessment standard is: a tree of nodes with weights, items to be answered, and a way to rate the scores.

Numbers are fractions, exactly as written in the data file: a score that reaches a limit reaches it, whatever the
order of the answers and however many weights were multiplied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

INDUSTRIES = ("discrete", "process")
"""离散型 and 流程型 manufacturing: what weights and applicability go by."""

CONFIDENCE = {
    "A": "read in a source text (for paid standards a secondary one)",
    "B": "not read in the text itself, but corroborated by a source text, arithmetic or several code bases",
    "C": "not corroborated: verify against the standard",
    "D": "guess or disputed",
}
"""How sure a fact is."""


class Authority(StrEnum):
    """Who says so."""

    STANDARD = "standard"
    """The document that is named."""
    PROJECT_DEFAULT = "project default"
    """Nobody but this project: replace it by what your authority uses."""
    NONE = "none"
    """Nobody: without weights of your own the standard is not computed."""


class Method(StrEnum):
    """How the scores of a standard are rated."""

    STAGES = "stages"
    """Aspect levels by bands, stages by a rule table over them (GB/T 23020)."""
    MATURITY = "maturity"
    """Score for each level, level by the total S (GB/T 39117)."""
    REQUIREMENTS = "requirements"
    """Grades whose conditions all hold (GB/T 37393, recognition rules)."""
    INDEX = "index"
    """Weighted classes of normalised indicators; may exceed 100 (regional index)."""
    INDICATORS = "indicators"
    """Single figures beside published references, no total."""


class Scale(StrEnum):
    """What an answer to an item may be."""

    SHARE = "share"
    """A number from 0 to 1."""
    SCORE = "score"
    """A number from 0 to 100."""
    GRADES = "grades"
    """A grade for each requirement of the item, from the standard's list of grades."""
    YES_NO = "yes_no"
    """1 for yes, 0 for no."""
    LEVEL = "level"
    """A whole number from 0 to 5, such as a maturity level."""
    QUANTITY = "quantity"
    """A number of the item's unit, from 0 on; an index needs that of the base year, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Names and origin of whatever is shown to people.

    Attributes:
        id: stable key.
        name_zh: 中文名称.
        name_en: English name.
        source_zh: 出处：文件、条款或网页.
        source_en: document, clause, or page where it was read.
        confidence: a key of `CONFIDENCE`.
        authority: who says so.
        note_zh: 读者须知.
        note_en: what a reader has to know.
    """

    id: str
    name_zh: str
    name_en: str
    source_zh: str
    source_en: str
    confidence: str
    authority: Authority
    note_zh: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Words):
    """A branch of the tree, or a leaf that holds items.

    Attributes:
        parent: id of the node above; "" at the top.
        weights: percent of the parent by industry; missing: unknown.
        weight_confidence: of the weights, by industry; missing: that of the node.
        industries: those for which it applies.
        may_be_cut: whether an enterprise may declare it not applicable.
        aspect: whether it is rated by a level of its own.
    """

    parent: str
    weights: Mapping[str, Fraction]
    weight_confidence: Mapping[str, str]
    industries: tuple[str, ...]
    may_be_cut: bool
    aspect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A published figure to compare with.

    Attributes:
        year: of the figure.
        kind: "value" as found, or "target".
        value: in the item's unit.
        source_zh: 出处.
        source_en: where it was read.
        confidence: a key of `CONFIDENCE`.
    """

    year: int
    kind: str
    value: Fraction
    source_zh: str
    source_en: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Words):
    """Something to be answered.

    Attributes:
        node: leaf that it belongs to.
        scale: what an answer may be.
        unit: of a quantity.
        level: maturity level whose requirements it holds; 0 elsewhere.
        weight: within its node, relative to the other items there.
        lower_is_better: for quantities of an index.
        evidence: id of the indicator that measures it; "": telemetry can't.
        tolerance: how far a declared answer may be from the measured one, in units of the answer.
        needs_completeness: least completeness of a measurement that may contradict.
        aggregate: how single enterprises make the figure of a region: "mean", "share" or "".
        asked_in: items of other standards ("standard:item") whose yes or no of single enterprises is the same question.
        formula_zh: 算法.
        formula_en: how it is computed, in words.
        references: published figures.
    """

    node: str
    scale: Scale
    unit: str = ""
    level: int = 0
    weight: Fraction = Fraction(1)
    lower_is_better: bool = False
    evidence: str = ""
    tolerance: Fraction = Fraction(0)
    needs_completeness: Fraction = Fraction(0)
    aggregate: str = ""
    asked_in: tuple[str, ...] = ()
    formula_zh: str = ""
    formula_en: str = ""
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Words):
    """A level, stage or grade that can be reached.

    Attributes:
        number: rank, from 1; higher is better.
        at_least: least score for a band (0 to 100) or least total S for a maturity level.
        needs: least band number by aspect (stages), or least answer by item (requirements).
        ladder: grades of one ladder exclude each other; "" where there is one ladder only.
    """

    number: int
    at_least: Fraction = Fraction(0)
    needs: Mapping[str, Fraction] = field(default_factory=dict)
    ladder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published of a region for a year, to compare with.

    Attributes:
        region: code of GB/T 2260 ("100000": all of China).
        name_zh: 中文名称.
        name_en: English name.
        year: of the figures.
        values: by node or item.
        total: as published; None where there is none.
        source_zh: 出处.
        source_en: where it was read.
        confidence: a key of `CONFIDENCE`.
    """

    region: str
    name_zh: str
    name_en: str
    year: int
    values: Mapping[str, Fraction]
    total: Fraction | None
    source_zh: str
    source_en: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standard(Words):
    """An assessment standard as one data file gives it.

    Attributes:
        version: of the file; a new one whenever more than its words changes.
        document_zh: 标准或办法的编号和名称.
        document_en: number and title of the standard or rule.
        subject: "enterprise", "workshop" or "region".
        region: where it holds, code of GB/T 2260 ("100000": all of China).
        year: of the rules; 0 where the standard's number has it.
        method: how it is rated.
        industries: for which it can be used.
        weights_missing: what happens where weights are missing: equal ones (project default) or a refusal (none).
        nodes: parents before children.
        items: in the order of the file.
        bands: levels of an aspect, rising.
        levels: stages, maturity levels or grades, rising.
        grades: allowed grades of a requirement, rising.
        met_from: score from which a maturity level counts as met.
        normaliser: name of the function that makes indicators of an index comparable; "": must be given.
        published: figures of regions to compare with.
        earlier: digests of contents of this version that differ in words for people only: what was filled in by them is
            read with the words of today and computed the same.
        digest: SHA-256 of the file's content in canonical JSON.
    """

    version: str
    document_zh: str
    document_en: str
    subject: str
    region: str
    year: int
    method: Method
    industries: tuple[str, ...]
    weights_missing: Authority
    nodes: tuple[Node, ...]
    items: tuple[Item, ...]
    bands: tuple[Level, ...] = ()
    levels: tuple[Level, ...] = ()
    grades: tuple[Fraction, ...] = ()
    met_from: Fraction = Fraction(0)
    normaliser: str = ""
    published: tuple[Published, ...] = ()
    earlier: tuple[str, ...] = ()
    digest: str

    @property
    def reference(self) -> "StandardRef":
        """What a result keeps of the standard that it was computed with."""
        return StandardRef(self.id, self.version, self.digest)

    def covers(self, reference: "StandardRef") -> bool:
        """Whether what was filled in by some content is computed by this one just the same."""
        same = (reference.id, reference.version) == (self.id, self.version)
        return same and reference.digest in {self.digest, *self.earlier}


@dataclass(frozen=True, slots=True)
class StandardRef:
    """Which content of which standard.

    Attributes:
        id: of the standard.
        version: of its file.
        digest: SHA-256 of its content.
    """

    id: str
    version: str
    digest: str
