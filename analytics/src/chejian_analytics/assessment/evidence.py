"""Indicators that answer a standard's items: computed from the registry and from what really arrived in a window.

What the registry does not know (-1) is never counted as digital, fitted or controlled and lowers the completeness. Times are int64 microseconds, counts int64; nothing is rounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.assessment.indicators import Counts, Flags, Indicator, Window, counts, flags


@dataclass(frozen=True, slots=True)
class Measure:
    """What an indicator is, for people.

    Attributes:
        id: stable key, named by `evidence` of items.
        name_zh: 中文名称.
        name_en: English name.
        formula_zh: 分子 / 分母.
        formula_en: numerator / denominator.
        completeness: known / expected.
        needs_zh: 这个平台还缺的事实；"" where the platform has them.
        needs_en: facts that this platform does not hold yet; "" where it does.
    """

    id: str
    name_zh: str
    name_en: str
    formula_zh: str
    formula_en: str
    completeness: str
    needs_zh: str = ""
    needs_en: str = ""


_MEASURES = (
    Measure(
        "digital_equipment_share",
        "数字化设备占比",
        "share of digital equipment",
        "具有数字接口并已在平台配置的设备数 / 台账设备数",
        "equipment with a digital interface that is configured in the platform / equipment of the registry",
        "equipment of which both is known / equipment",
    ),
    Measure(
        "networked_equipment_share",
        "数字化设备联网率",
        "share of networked equipment",
        "时间范围内有数据到达的数字化设备数 / 数字化设备数",
        "digital equipment whose data arrived in the window / digital equipment",
        "equipment known to be digital or not / equipment",
    ),
    Measure(
        "automatic_collection_share",
        "生产数据自动采集率",
        "share of data collected automatically",
        "时间范围内不经人工录入且有数据到达的应采数据点数 / 应采数据点数",
        "required points without manual entry whose data arrived in the window / required points",
        "points known to be automatic or not / required points",
    ),
    Measure(
        "key_process_nc_share",
        "关键工序数控化率",
        "key processes under numerical control",
        "数控化关键工序数（NC、PLC、DCS） / 关键工序数",
        "key processes under numerical control (NC, PLC, DCS) / key processes",
        "key processes of which it is known / key processes",
    ),
    Measure(
        "data_quality",
        "数据质量合格率",
        "share of good samples",
        "质量合格的采样数 / 采样数",
        "samples of good quality / samples",
        "time covered by data / time due",
    ),
    Measure(
        "meter_fitting_unit_entry",
        "进出用能单位计量器具配备率",
        "meters fitted at the entry of the unit",
        "时间范围内有数据的已配备计量器具数 / 应配备计量器具数",
        "metering points with a meter that delivered in the window / metering points required",
        "points known to be fitted or not / points",
    ),
    Measure(
        "meter_fitting_sub_unit",
        "进出主要次级用能单位计量器具配备率",
        "meters fitted at sub-units",
        "时间范围内有数据的已配备计量器具数 / 应配备计量器具数",
        "metering points with a meter that delivered in the window / metering points required",
        "points known to be fitted or not / points",
    ),
    Measure(
        "meter_fitting_main_equipment",
        "主要用能设备计量器具配备率",
        "meters fitted at main equipment",
        "时间范围内有数据的已配备计量器具数 / 应配备计量器具数",
        "metering points with a meter that delivered in the window / metering points required",
        "points known to be fitted or not / points",
    ),
    Measure(
        "inspected_order_share",
        "订单检验记录覆盖率",
        "orders with registered inspections",
        "时间范围内到期且有对应订单号和设备检验结果的订单数 / 时间范围内到期的订单数",
        "orders due in the window with inspection results of their number and machine / orders due in the window",
        "orders whose end, or an inspection, is recorded / orders due in the window",
    ),
    Measure(
        "inspected_equipment_share",
        "设备检验记录覆盖率",
        "equipment whose orders are inspected",
        "其订单有检验结果的设备数 / 时间范围内有到期订单的设备数",
        "equipment with inspection results of its orders / equipment with orders due in the window",
        "equipment with an order whose end, or an inspection, is recorded / equipment with orders due in the window",
    ),
    Measure(
        "spc_coverage",
        "关键质量特性在线SPC覆盖率",
        "key characteristics under on-line SPC",
        "时间范围内有控制图点的在线关键质量特性数 / 关键质量特性数",
        "key characteristics on line with points in the window / key characteristics",
        "characteristics known to be on line or not / characteristics",
        "关键质量特性清单（含公差）和在线控制图的点",
        "a list of key characteristics with their limits, and the points of their on-line control charts",
    ),
    Measure(
        "traceability_coverage",
        "批次追溯覆盖率",
        "lots with a complete genealogy",
        "投入物料、设备和检验均有记录的批次数 / 生产批次数",
        "lots whose inputs, equipment and inspections are all recorded / lots produced",
        "lots that the stream told of / lots of the orders",
        "订单所用物料的批次；订单到设备、检验的链条见“订单检验记录覆盖率”",
        "the lots of material that orders used; the chain from order to equipment and inspection is the share of orders with registered inspections",
    ),
)
INDICATORS: Mapping[str, Measure] = {measure.id: measure for measure in _MEASURES}
"""All that can be measured, by id."""

METER_CLASSES = ("unit_entry", "sub_unit", "main_equipment")
"""Classes of metering points: entry of the energy-using unit, its sub-units, main energy-using equipment (GB 17167)."""


def digital_equipment_share(window: Window, has_interface: ArrayLike, configured: ArrayLike) -> Indicator:
    """数字化设备占比: equipment with a digital interface that is configured here.

    Args:
        window: of the assessment.
        has_interface: (n) whether each equipment has a digital input and output or a communication interface.
        configured: (n) whether it is configured in the platform.

    Raises:
        ValueError: shapes differ, or other values than 1, 0 and -1.
    """
    interface, here = _same(flags(has_interface), flags(configured))
    both = np.minimum(interface, here)
    settled = (both >= 0) | (interface == 0) | (here == 0)
    return _share("digital_equipment_share", window, both == 1, settled, "sets")


def networked_equipment_share(window: Window, digital: ArrayLike, covered_us: ArrayLike) -> Indicator:
    """数字化设备联网率: digital equipment whose data arrived.

    Args:
        window: of the assessment.
        digital: (n) whether each equipment is digital.
        covered_us: (n) microseconds of the window for which data of the equipment is there.

    Raises:
        ValueError: shapes differ, or values out of range.
    """
    known, covered = _same(flags(digital), counts(covered_us))
    return Indicator(
        id="networked_equipment_share",
        window=window,
        numerator=int(np.count_nonzero((known == 1) & (covered > 0))),
        denominator=int(np.count_nonzero(known == 1)),
        known=int(np.count_nonzero(known >= 0)),
        expected=known.size,
        unit="sets",
    )


def automatic_collection_share(window: Window, automatic: ArrayLike, samples: ArrayLike) -> Indicator:
    """生产数据自动采集率: required points that arrived without manual entry.

    Args:
        window: of the assessment.
        automatic: (n) whether each required point comes without manual entry.
        samples: (n) samples of the point in the window.

    Raises:
        ValueError: shapes differ, or values out of range.
    """
    how, arrived = _same(flags(automatic), counts(samples))
    return _share("automatic_collection_share", window, (how == 1) & (arrived > 0), how >= 0, "points")


def key_process_nc_share(window: Window, controlled: ArrayLike) -> Indicator:
    """关键工序数控化率 of one enterprise; a region's is the mean over its enterprises.

    Args:
        window: of the assessment.
        controlled: (n) whether each key process is under numerical control.

    Raises:
        ValueError: values out of range.
    """
    known = flags(controlled)
    return _share("key_process_nc_share", window, known == 1, known >= 0, "processes")


def data_quality(
    window: Window,
    good: ArrayLike,
    uncertain: ArrayLike,
    bad: ArrayLike,
    covered_us: ArrayLike,
    due_us: ArrayLike,
) -> Indicator:
    """Share of good samples, with the time covered as its completeness.

    Args:
        window: of the assessment.
        good: (n) samples of good quality by series.
        uncertain: (n) samples of uncertain quality.
        bad: (n) samples of bad quality.
        covered_us: (n) microseconds for which data is there.
        due_us: (n) microseconds for which it should be.

    Raises:
        ValueError: shapes differ, values below 0, or more covered than due.
    """
    arrays = _same(counts(good), counts(uncertain), counts(bad), counts(covered_us), counts(due_us))
    if (arrays[3] > arrays[4]).any():
        raise ValueError("covered_us must not be above due_us")
    fine, doubtful, wrong, covered, due = (int(a.sum()) for a in arrays)
    return Indicator(
        id="data_quality",
        window=window,
        numerator=fine,
        denominator=fine + doubtful + wrong,
        known=covered,
        expected=due,
        unit="samples",
    )


def meter_fitting(window: Window, meter_class: str, fitted: ArrayLike, readings: ArrayLike) -> Indicator:
    """计量器具配备率 of one class of metering points.

    Args:
        window: of the assessment.
        meter_class: one of `METER_CLASSES`.
        fitted: (n) whether each required point has a meter.
        readings: (n) its readings in the window.

    Raises:
        ValueError: an unknown class, shapes that differ, or values out of range.
    """
    if meter_class not in METER_CLASSES:
        raise ValueError(f"meter_class {meter_class!r}; allowed: {', '.join(METER_CLASSES)}")
    known, read = _same(flags(fitted), counts(readings))
    return _share(f"meter_fitting_{meter_class}", window, (known == 1) & (read > 0), known >= 0, "points")


def inspected_order_share(window: Window, ended: ArrayLike, inspections: ArrayLike) -> Indicator:
    """订单检验记录覆盖率: orders that lead to a machine and to inspection results.

    Args:
        window: of the assessment.
        ended: (n) whether the end of each order due in the window is recorded.
        inspections: (n) its inspection results.

    Raises:
        ValueError: shapes differ, or values out of range.
    """
    known, found = _same(flags(ended), counts(inspections))
    return _share("inspected_order_share", window, found > 0, (known == 1) | (found > 0), "orders")


def inspected_equipment_share(window: Window, ended: ArrayLike, inspections: ArrayLike) -> Indicator:
    """设备检验记录覆盖率: equipment with inspection results of the orders that it had.

    Args:
        window: of the assessment.
        ended: (n) orders of each equipment, due in the window, whose end is recorded.
        inspections: (n) inspection results of its orders.

    Raises:
        ValueError: shapes differ, or values below 0.
    """
    known, found = _same(counts(ended), counts(inspections))
    return _share("inspected_equipment_share", window, found > 0, (known > 0) | (found > 0), "sets")


def spc_coverage(window: Window, on_line: ArrayLike, points: ArrayLike) -> Indicator:
    """关键质量特性在线SPC覆盖率.

    Args:
        window: of the assessment.
        on_line: (n) whether each key characteristic has an on-line control chart.
        points: (n) its points in the window.

    Raises:
        ValueError: shapes differ, or values out of range.
    """
    known, plotted = _same(flags(on_line), counts(points))
    return _share("spc_coverage", window, (known == 1) & (plotted > 0), known >= 0, "characteristics")


def traceability_coverage(
    window: Window, traced: ArrayLike, told: ArrayLike, ordered: ArrayLike
) -> Indicator:
    """批次追溯覆盖率.

    Args:
        window: of the assessment.
        traced: (n) lots with a complete genealogy, by product.
        told: (n) lots that the stream told of.
        ordered: (n) lots of the orders that ended in the window.

    Raises:
        ValueError: shapes differ, values below 0, or more traced than told or told than ordered.
    """
    full, seen, due = _same(counts(traced), counts(told), counts(ordered))
    if (full > seen).any() or (seen > due).any():
        raise ValueError("traced must not be above told, nor told above ordered")
    return Indicator(
        id="traceability_coverage",
        window=window,
        numerator=int(full.sum()),
        denominator=int(due.sum()),
        known=int(seen.sum()),
        expected=int(due.sum()),
        unit="lots",
    )


def _share(
    name: str, window: Window, yes: NDArray[np.bool_], known: NDArray[np.bool_], unit: str
) -> Indicator:
    return Indicator(
        id=name,
        window=window,
        numerator=int(np.count_nonzero(yes)),
        denominator=yes.size,
        known=int(np.count_nonzero(known)),
        expected=yes.size,
        unit=unit,
    )


def _same(*arrays: Counts | Flags) -> tuple[Counts, ...]:
    if len({array.shape for array in arrays}) != 1:
        raise ValueError(f"arrays of one length are needed, not {[array.size for array in arrays]}")
    return tuple(array.astype(np.int64, copy=False) for array in arrays)
