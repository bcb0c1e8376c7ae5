"""A second enterprise beside that of `registry/harbin.good.toml`: same shape, other codes, in another city."""

from pathlib import Path

from chejian_cloud.registry.seed import seed

GOOD = Path(__file__).parents[1] / "registry" / "harbin.good.toml"
_RENAMED = {
    "hlj-demo": "qqh-other",
    "HRB-": "QQH-",
    "CNC-01": "CNC-91",
    "MTS-01": "MTS-91",
    "SHAFT-A": "SHAFT-Z",
    "230100": "230200",
    "哈尔滨动力装备车间": "齐齐哈尔铸锻车间",
}


def add_second(dsn: str, folder: Path) -> None:
    """Seed the second enterprise; its ids follow those of the first: equipment 3 and 4, workshop 2, line 2."""
    text = GOOD.read_text("utf-8")
    for old, new in _RENAMED.items():
        text = text.replace(old, new)
    file = folder / "other.toml"
    file.write_text(text, "utf-8")
    seed(dsn, file)
