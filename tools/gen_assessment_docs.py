"""Write docs/assessment.md from the standards' files, the indicators and the plan.

python -m tools.gen_assessment_docs            write the page
python -m tools.gen_assessment_docs --check    compare with what is there
"""

import sys
from collections.abc import Iterable
from fractions import Fraction

from chejian_analytics.assessment import (
    CONFIDENCE,
    INDICATORS,
    MIN_PEERS,
    Authority,
    Item,
    Level,
    Node,
    Scale,
    Standard,
    load_standards,
)
from chejian_analytics.assessment.programme import check_figures, load_places, load_plan
from chejian_analytics.assessment.programme.plan import METHODS, Target

from tools.generated_page import write_or_check
from tools.tracked import ROOT

PAGE = ROOT / "docs" / "assessment.md"
_PAGE = """\
# Assessments and the provincial programme

Written by `python -m tools.gen_assessment_docs` from the data files; do not edit. Code: `chejian_analytics.assessment`.

## What is the standard's and what is ours

No paid standard is copied here, and most of what is told about them was read in secondary texts or not verified. So every
fact has a source, a confidence and an authority, which its file carries to whoever shows it:

{confidence}

- Authority **standard**: the named document says so, as far as the confidence goes.
- Authority **project default**: nobody but this project says so. Replace it by what your authority uses.
- What neither a source nor a default gives is **refused**: a process enterprise has no maturity until its weights are
  entered, indicators of the regional index have no points until a normaliser is chosen, a target without a baseline has
  no plan line.
- Tolerances between declared and measured answers, the completeness that a measurement needs before it may contradict, and the
  least number of peers ({min_peers}) are always project defaults.

A standard is one TOML file in `analytics/src/chejian_analytics/assessment/standards`; `load_standards(folder)` reads more
of them from a folder of yours. To change a weight, an item or a limit, copy the file, raise its `version`, and change
it; no code is needed. A broken file is refused with everything that is wrong with it, by file, key, value and what is allowed;
other content under an old version is refused, too. Results keep id, version and SHA-256 of the file they were computed with.

Texts for people (`document`, `source`, `note`, `formula`; `method` and `data` of a plan's targets) are given as `source_zh` and
`source_en`, or as `source` alone where both languages have the same text, such as a standard's number or a Chinese title; exactly one
of the two forms, else the file is refused.

Words alone may change within a version: `[[earlier]]` names the `digest` of each earlier content and `rules`, the SHA-256 of the file's
content without version and texts (keys in `_zh`, `_en` and those above). Reading checks `rules`, so that nothing but words can have
changed. A form of earlier content is read with the words of today and computed, compared and ranked as before, under the digest that it has.
Take `[[earlier]]` out of a copy whose rules you change.

Frozen documents have a `format`. In format 1 levels and references have one `source` and `note`, from format 2 on `source_zh`,
`source_en`, `note_zh`, `note_en`. A stored document is never written anew: its hash is of its bytes, and what is compared with the rows
beside it (figures, levels, evidence, attachments) reads the same in both.

## How it is computed

- Numbers are exact fractions: 0.8 for every requirement is 0.8 for the level, whatever weights are multiplied.
- An answer is *measured*, *declared with attachment* or *declared*. What is not answered counts as not met; how much is answered,
  and how much of the whole rests on which kind of answer, stands beside each result.
- What does not apply is cut, and the weights of its sisters are renormalised.
- A declared answer is flagged when it differs from the measurement by more than the tolerance, with both numbers.
- `advise` names the answers that lead to the next level, least change first, in parts of an answer's scale.
- `submission` freezes answers, evidence and result as canonical JSON with a SHA-256; `changes` names every place where a copy
  differs. The hash must be kept apart from the content: it shows a change, it does not prevent one.
- `compare` and `table` hide groups of fewer than {min_peers}, and further ones until the hidden groups can't be worked out from
  a total. They know one table at a time: don't publish two that cut the same enterprises differently.

What it costs: `python -m benchmarks.assessment`.

## Regions

- Of a standard for regions each value of a year has a source and a confidence; the result tells the lowest of them. What single
  enterprises answer by yes or no (`aggregate` "share") is a share of enterprises there.
- The total of an index leads down to each value: class x weight, or the points of its answered indicators x their renormalised
  weights. A class value as published wins over its indicators.
- What enterprises on the platform measured (`aggregate` "mean" with `measured by`) is the mean over those whose newest submitted
  evidence of the year is complete enough, told with n of how many are here; where an item of theirs asks the same (`asked_in`), the
  share of those who declared a yes. It never replaces or contradicts the region's value.
- `published` rows of a file stand beside the region's own years.

## Indicators from telemetry

Each has window, numerator, denominator and completeness. What the registry does not know is
never counted as digital, fitted or controlled and lowers the completeness; where nothing is known there is no value. OEE and energy are told as trends
of monthly sums: baseline, recent months, difference, and whether months rise or fall by more than chance (Mann-Kendall).

| id | 名称 | name | 分子 / 分母 | numerator / denominator | completeness |
|---|---|---|---|---|---|
{measures}

## Standards

{standards}

## The plan: {plan_zh} ({plan_en})

Source: {plan_source}. File `{plan_id}.toml`, version {plan_version}. Progress is judged against a plan line from the end of {base_year} to the
end of the due year: straight for counts and amounts, of constant yearly rate for changes. Reasons are given with each
"at risk": behind the line, too slow to arrive, stale, incomplete or mostly declared data.

| id | 名称 | name | words of the plan | kind | unit | baseline | target | due | how observed | who has the numbers | confidence | note |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
{targets}

Energy per unit of value added is chained: each year (1 + growth of energy) / (1 + growth of value added at comparable
prices) - 1, multiplied over the years; nominal values of different years are never divided. Equal (等价) and equivalent (当量)
electricity are kept apart, and a chain of both is refused.

### Figures of the plan against each other

| id | 名称 | name | formula | of | computed | stated | agrees |
|---|---|---|---|---|---|---|---|
{checks}

"Implied" figures are arithmetic on the plan's; that of 2020 puts the 3 % of manufacturing and the 18 % of all above-scale industry
together, which is our assumption.

### Cities

Codes of GB/T 2260, confidence {places_confidence}.

| code | 名称 | name | role in the plan |
|---|---|---|---|
{cities}

### Fields

The plan speaks of 17 key fields and names seven of them. *named*: it names the field; *inferred*: a subsection that a
plausible reading counts; *section*: resource industries with a section of their own, which would make 22. The column
industry is a project default.

| 名称 | name | group | authority | industry |
|---|---|---|---|---|
{fields}
"""
_STANDARD = """\
### {zh} ({en})

`{id}` version {version}: {document}. Subject: {subject}{place}. Method: {method}. Source: {source}; confidence {confidence}. {note}

{parts}
"""


def page() -> str:
    """Text of the page."""
    plan, places = load_plan(), load_places()
    return _PAGE.format(
        confidence=_rows([("confidence", "meaning"), ("---", "---"), *CONFIDENCE.items()]),
        min_peers=MIN_PEERS,
        measures=_rows(
            (f"`{m.id}`", m.name_zh, m.name_en, m.formula_zh, m.formula_en, m.completeness)
            for m in INDICATORS.values()
        ),
        standards="\n".join(map(_standard, load_standards())).rstrip(),
        plan_zh=plan.name_zh,
        plan_en=plan.name_en,
        plan_source=_both(plan.source_zh, plan.source_en),
        plan_id=plan.id,
        plan_version=plan.version,
        base_year=min(target.base_year for target in plan.targets),
        targets=_rows(map(_target, plan.targets)),
        checks=_rows(
            (
                f"`{c.check.id}`",
                c.check.name_zh,
                c.check.name_en,
                f"`{METHODS[c.check.method].text}`",
                ", ".join(c.check.of),
                f"{c.value:.6g}",
                "" if c.check.stated is None else f"{c.check.stated:g}",
                "" if c.agrees is None else "yes" if c.agrees else "no",
            )
            for c in check_figures(plan)
        ),
        places_confidence=places.confidence,
        cities=_rows((c.code, c.name_zh, c.name_en, c.role) for c in places.cities),
        fields=_rows((f.name_zh, f.name_en, f.group, f.authority, f.industry) for f in places.fields),
    )


def _both(zh: str, en: str) -> str:
    return zh if zh == en else f"{zh} / {en}"


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    names = tuple(head.split(", "))
    return _rows([names, ("---",) * len(names), *rows])


def _standard(standard: Standard) -> str:
    made = [i for i in standard.items if i.id in {f"{i.node}.score", f"{i.node}.{i.level}"}]
    given = [item for item in standard.items if item not in made]
    parts = [_nodes(standard), f"And {_made(made)}." if made else "", _items(given) if given else ""]
    parts += (
        [_levels("Bands of an aspect, from a score of 0 to 100", standard.bands)] if standard.bands else []
    )
    parts += [_levels("Levels", standard.levels)] if standard.levels else []
    parts += [_published(standard)] if standard.published else []
    return _STANDARD.format(
        zh=standard.name_zh,
        en=standard.name_en,
        id=standard.id,
        version=standard.version,
        document=_both(standard.document_zh, standard.document_en),
        subject=standard.subject,
        place=f", region {standard.region}" + (f", year {standard.year}" if standard.year else ""),
        method=standard.method.value,
        source=_both(standard.source_zh, standard.source_en),
        confidence=standard.confidence,
        note=" ".join(part for part in (standard.note_zh, standard.note_en) if part),
        parts="\n\n".join(part for part in parts if part),
    )


def _made(items: list[Item]) -> str:
    if items[0].scale is Scale.GRADES:
        return f"for each leaf and level one item of graded requirements, {len(items)} in all"
    return f"for each leaf without items of its own one score of 0 to 100, {len(items)} in all"


def _nodes(standard: Standard) -> str:
    depth = {"": -1}
    for node in standard.nodes:
        depth[node.id] = depth[node.parent] + 1
    weighted = any(node.weights for node in standard.nodes) or standard.weights_missing is not Authority.NONE
    head = "id, 名称, name, " + "".join(f"weight {i}, " for i in standard.industries if weighted)
    rows = [
        (
            f"`{node.id}`",
            "· " * depth[node.id] + node.name_zh,
            node.name_en,
            *(_weight(standard, node, industry) for industry in standard.industries if weighted),
            "yes" if node.may_be_cut else "",
            _both(node.source_zh, node.source_en),
            node.confidence,
            _both(node.note_zh, node.note_en),
        )
        for node in standard.nodes
    ]
    return _table(head + "may be cut, source, confidence, note", rows)


def _weight(standard: Standard, node: Node, industry: str) -> str:
    if industry not in node.industries:
        return "does not apply"
    if industry in node.weights:
        return f"{float(node.weights[industry]):g} ({node.weight_confidence.get(industry, node.confidence)})"
    return "equal (project default)" if standard.weights_missing is Authority.PROJECT_DEFAULT else "unknown"


def _items(items: list[Item]) -> str:
    rows = [
        (
            f"`{item.id}`",
            item.name_zh,
            item.name_en,
            item.scale.value + (f" [{item.unit}]" if item.unit else ""),
            f"`{item.evidence}` ± {float(item.tolerance):g}" if item.evidence else "",
            _both(item.formula_zh, item.formula_en),
            "; ".join(f"{r.year} {r.kind} {float(r.value):g} ({r.confidence})" for r in item.references),
            _both(item.source_zh, item.source_en),
            f"{item.confidence}" + ("" if item.authority is Authority.STANDARD else f", {item.authority}"),
            _both(item.note_zh, item.note_en),
        )
        for item in items
    ]
    return _table("item, 名称, name, scale, measured by, formula, published, source, confidence, note", rows)


def _published(standard: Standard) -> str:
    rows = [
        (
            str(row.year),
            row.region,
            row.name_zh,
            row.name_en,
            ", ".join(f"{key} {float(value):g}" for key, value in row.values.items()),
            "" if row.total is None else f"{float(row.total):g}",
            _both(row.source_zh, row.source_en),
            row.confidence,
        )
        for row in standard.published
    ]
    return "Published of regions:\n\n" + _table(
        "year, region, 名称, name, values, total, source, confidence", rows
    )


def _levels(title: str, levels: tuple[Level, ...]) -> str:
    rows = [
        (
            level.ladder,
            str(level.number),
            level.name_zh,
            level.name_en,
            f"{float(level.at_least):g}" if level.at_least else "",
            ", ".join(f"{name} >= {_plain(least)}" for name, least in level.needs.items()),
            level.authority.value,
            level.confidence,
            _both(level.note_zh, level.note_en),
        )
        for level in levels
    ]
    return f"{title}:\n\n" + _table("ladder, no., 名称, name, from, needs, authority, confidence, note", rows)


def _plain(number: Fraction) -> str:
    return f"{float(number):g}"


def _target(target: Target) -> tuple[str, ...]:
    value = "" if target.value is None else f"{target.value:g}"
    return (
        target.id,
        target.name_zh,
        target.name_en,
        target.phrase,
        target.kind.value,
        target.unit,
        "not given" if target.baseline is None else f"{target.baseline:g} ({target.base_year})",
        value + ("" if target.upper is None else f" to {target.upper:g}"),
        str(target.due_year),
        _both(target.method_zh, target.method_en),
        _both(target.data_zh, target.data_en),
        target.confidence,
        _both(target.note_zh, target.note_en),
    )


def main() -> int:
    """Write or compare; the exit status is 1 when the page is out of date."""
    return write_or_check(page(), PAGE, module="tools.gen_assessment_docs", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
