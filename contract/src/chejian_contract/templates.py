"""Equipment types as data: `templates/<type>.toml`, one file per type."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeVar

from chejian_contract.errors import ConfigError
from chejian_contract.quantities import Quantity, units_of
from chejian_contract.signals import Role, SignalDef, SignalKind

_E = TypeVar("_E", Quantity, SignalKind, Role)


@dataclass(frozen=True, slots=True)
class EquipmentType:
    """A kind of equipment.

    Attributes:
        id: file name, e.g. "cnc_machining_centre".
        name_zh: 中文名称.
        name_en: English name.
        signals: by name; what such a machine can deliver.
        kpis: ids of the KPIs that follow from the signals.
        diagnoses: ids of the diagnosis methods that follow from them.
    """

    id: str
    name_zh: str
    name_en: str
    signals: Mapping[str, SignalDef]
    kpis: tuple[str, ...]
    diagnoses: tuple[str, ...]


def _signal(source: str, name: str, table: Mapping[str, object]) -> SignalDef:
    def member(kind: type[_E], key: str, default: str | None = None) -> _E:
        value = table.get(key, default)
        try:
            return kind(str(value))
        except ValueError:
            raise ConfigError(
                source, f"signal.'{name}'.{key}", value, ", ".join(m.value for m in kind)
            ) from None

    unknown = set(table) - {"quantity", "unit", "kind", "role"}
    if unknown:
        raise ConfigError(source, f"signal.'{name}'.{min(unknown)}", "", "quantity, unit, kind, role")
    quantity = member(Quantity, "quantity")
    unit = str(table.get("unit", units_of(quantity)[0]))
    if unit not in units_of(quantity):
        raise ConfigError(source, f"signal.'{name}'.unit", unit, ", ".join(units_of(quantity)))
    return SignalDef(name, quantity, unit, member(SignalKind, "kind"), member(Role, "role", ""))


def parse_template(type_id: str, text: str) -> EquipmentType:
    """Read one template.

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    source = f"{type_id}.toml"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, "", "", f"TOML ({error})") from error
    for key in ("name_zh", "name_en", "signal"):
        if key not in table:
            raise ConfigError(source, key, None, "this key is required")
    unknown = set(table) - {"name_zh", "name_en", "kpis", "diagnoses", "signal"}
    if unknown:
        raise ConfigError(
            source, min(unknown), table[min(unknown)], "name_zh, name_en, kpis, diagnoses, signal"
        )
    signals = {name: _signal(source, name, t) for name, t in table["signal"].items()}
    return EquipmentType(
        id=type_id,
        name_zh=table["name_zh"],
        name_en=table["name_en"],
        signals=signals,
        kpis=tuple(table.get("kpis", ())),
        diagnoses=tuple(table.get("diagnoses", ())),
    )


@cache
def equipment_types() -> Mapping[str, EquipmentType]:
    """All equipment types that ship with Chejian, by id."""
    folder = resources.files("chejian_contract").joinpath("templates")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {
        f.name.removesuffix(".toml"): parse_template(f.name.removesuffix(".toml"), f.read_text("utf-8"))
        for f in files
    }
