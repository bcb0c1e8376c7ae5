"""Store what a registry seed says of energy: outputs of lines, meters, the site's conversion factors, and tariffs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chejian_analytics.energy import Band, TreeNode, remainders
from chejian_contract.errors import ConfigError
from sqlalchemy import select

from chejian_cloud.db import app as db
from chejian_cloud.db.energy import (
    EnergyFactor,
    EnergyTariff,
    LineOutput,
    Meter,
    MeterMachine,
    MeterReplacement,
)
from chejian_cloud.energy.carriers import METER_TYPES, unit_of
from chejian_cloud.energy.factors import SITE, stored_factors
from chejian_cloud.energy.tariffs import CURRENCY
from chejian_cloud.registry.seedfile_energy import MeterSeed, check_carrier
from chejian_cloud.registry.upserts import Upserts

if TYPE_CHECKING:
    from chejian_cloud.registry.seedfile import SeedFile


def store_energy(writer: Upserts, content: "SeedFile") -> None:
    """Upsert a file's outputs of lines, meters, factors and tariffs; equipment is stored already.

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    _outputs(writer, content)
    for i, meter in enumerate(content.meter):
        _meter(writer, f"meter[{i}]", meter)
    for i, meter in enumerate(content.meter):
        _check_parent(writer, f"meter[{i}].parent", meter)
    _factors(writer, content)
    _tariffs(writer, content)


def _outputs(writer: Upserts, content: "SeedFile") -> None:
    for i, item in enumerate(content.line):
        workshop = writer.find(db.Workshop, f"line[{i}].workshop", code=item.workshop)
        line = writer.find(db.Line, f"line[{i}].code", code=item.code, workshop_id=workshop.workshop_id)
        rows = []
        for j, code in enumerate(item.output):
            key = f"line[{i}].output[{j}]"
            machine = writer.find(db.Equipment, key, code=code, line_id=line.line_id)
            if machine.type in METER_TYPES:
                raise ConfigError(writer.source, key, code, "a machine of the line, no meter")
            rows.append({"equipment_id": machine.equipment_id})
        writer.replace(LineOutput, {"line_id": line.line_id}, rows)


def _meter(writer: Upserts, key: str, item: MeterSeed) -> None:
    equipment = writer.find(db.Equipment, f"{key}.equipment", code=item.equipment)
    check_carrier(writer.source, key, item, equipment.type)
    parent = writer.find(db.Equipment, f"{key}.parent", code=item.parent) if item.parent else None
    row = writer.upsert(
        Meter,
        {"equipment_id": equipment.equipment_id},
        {
            "carrier": item.carrier.value,
            "parent_id": parent.equipment_id if parent else None,
            "interval_us": item.interval_us,
            "modulus": item.modulus,
            "made_on_site": item.made_on_site,
        },
    )
    machines = []
    for j, code in enumerate(item.machines):
        machine = writer.find(db.Equipment, f"{key}.machines[{j}]", code=code)
        if machine.type in METER_TYPES:
            raise ConfigError(writer.source, f"{key}.machines[{j}]", code, "equipment that is no meter")
        machines.append({"machine_id": machine.equipment_id})
    own = {"equipment_id": row.equipment_id}
    writer.replace(MeterMachine, own, machines)
    swaps = [(r.time, r.closing, r.opening) for r in item.replacement if isinstance(r.time, datetime)]
    writer.replace(
        MeterReplacement,
        own,
        [{"time": time.astimezone(UTC), "closing": a, "opening": b} for time, a, b in swaps],
    )


def _check_parent(writer: Upserts, key: str, item: MeterSeed) -> None:
    """The parent is a meter of the same carrier, and none stands above itself."""
    if not item.parent:
        return
    meters = {m.equipment_id: m for m in writer.session.scalars(select(Meter))}
    own = writer.find(db.Equipment, key, code=item.equipment)
    parent = meters.get(writer.find(db.Equipment, key, code=item.parent).equipment_id)
    if parent is None or parent.carrier != item.carrier:
        raise ConfigError(writer.source, key, item.parent, f"a meter of {item.carrier}")
    tree = {str(m.equipment_id): TreeNode(0, str(m.parent_id)) for m in meters.values() if m.parent_id}
    tree |= {str(m.equipment_id): TreeNode(0) for m in meters.values() if not m.parent_id}
    try:
        remainders(tree)
    except ValueError as error:
        raise ConfigError(
            writer.source, key, item.parent, f"a meter that is not below {own.code} itself"
        ) from error


def _factors(writer: Upserts, content: "SeedFile") -> None:
    for item in content.factor:
        factor = item.factor
        writer.upsert(
            EnergyFactor,
            {
                "origin": SITE,
                "carrier": factor.carrier.value,
                "value": factor.value.value,
                "valid_from": factor.valid_from,
            },
            {
                name: getattr(factor, name)
                for name in ("unit", "kgce", "valid_to", "source", "confidence", "note")
            },
        )
    try:
        stored_factors(writer.session)
    except ValueError as error:
        raise ConfigError(
            writer.source, "factor", len(content.factor), f"one factor at a time: {error}"
        ) from error


def _tariffs(writer: Upserts, content: "SeedFile") -> None:
    for i, item in enumerate(content.tariff):
        owner = writer.find(db.Enterprise, f"tariff[{i}].enterprise", code=item.enterprise)
        key = {
            "enterprise_id": owner.enterprise_id,
            "carrier": item.carrier.value,
            "valid_from": item.valid_from,
        }
        told: dict[str, Any] = {
            **{band.value: item.exact_prices.get(band) for band in Band},
            "currency": CURRENCY,
            "unit": unit_of(item.carrier),
            "seasons": item.seasons,
            "remark": item.remark,
        }
        same = any(all(getattr(r, n) == v for n, v in told.items()) for r in writer.rows(EnergyTariff, key))
        if not same:
            told |= {"changed_by": "seed", "changed_at": datetime.now(UTC)}
            writer.upsert(EnergyTariff, key, told)
