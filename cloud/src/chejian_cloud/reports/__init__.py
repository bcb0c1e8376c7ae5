"""Reports as PDF: what they are drawn with. Chinese glyphs are embedded (`font`), so that every viewer draws the same.

How to write one:

    from chejian_cloud.reports import Axis, Bar, Column, Curve, Figure, Report
    from chejian_cloud.reports.numbers import Numbers

    say = Numbers("zh-CN")                      # or "en": numbers, times and words of that language
    report = Report(
        language="zh-CN",
        title=say.t("report.production.shift"),  # on the first page and in every footer
        place="HRB-W1 哈尔滨动力装备车间",         # what it is about
        window=say.span(start, end),            # the data window: on the first page and in every footer
        versions=["OEE 1", "GB/T 39116-2020"],  # formulas and standards behind the figures: in every footer
        computed_at=newest,                     # when the newest figure was computed; None: nothing was
        provisional=False,                      # True is said loudly: the window is still open
    )
    report.figures([Figure("OEE", say.percent(0.678), completeness=0.98, note="A x E x Q")])
    report.heading("损失", "时间去了哪里？")
    report.bars([Bar("故障", 0, 30, text="30.0 min"), ...])
    report.text("...", muted=True)
    report.table([Column("设备"), Column("OEE", numbers=True)], [["CNC-01", "67.8 %"], ...], empty="没有停机")
    body = report.pdf(font)                     # bytes; `font` is `Settings.report_font`, None: look for one

A route hands the bytes out by `as_pdf(stem, body)`; it goes into `access.policy.EXPORTS`, so that the journal tells who took it.

Blocks:

- `figures`: key figures as tiles. A figure has no place without its completeness: it stands beside the value, None says
  that nothing was planned or that the figure is of no window (then say why in `note`), and less than 95 % is marked.
- `heading`, `text`: a heading goes into the outline of the file as well.
- `table`: breaks over pages with its head repeated; `Column(numbers=True)` is set to the right. Cells are texts: write
  numbers by `Numbers`, so that they are those of the console.
- `bars`: horizontal, one row each, from `start` to `end` on one axis (a waterfall has other starts than 0); `hatched` is
  the absence of data and nothing else; `text` stands beside the bar.
- `curves`: lines over named steps (shifts, months); None breaks the line, it is never drawn as 0.
- `radar`: three axes or more; None leaves the corner out; `rings` are the values of the rings.

Every text may come from users: it is drawn as it is, never read as markup, and characters that the font lacks become □.
All drawing is done under one lock, since reportlab's fonts are shared by the process.

A block that is missing: write it as a reportlab `Flowable` in `charts.py` or `blocks.py` and give `Report` its method.
"""

from chejian_cloud.reports.blocks import Column, Figure
from chejian_cloud.reports.charts import Bar
from chejian_cloud.reports.curves import Axis, Curve
from chejian_cloud.reports.file import MEDIA_TYPE, as_pdf
from chejian_cloud.reports.report import Report

__all__ = [
    "MEDIA_TYPE",
    "Axis",
    "Bar",
    "Column",
    "Curve",
    "Figure",
    "Report",
    "as_pdf",
]
