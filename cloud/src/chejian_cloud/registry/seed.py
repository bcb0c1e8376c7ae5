"""Store a registry seed: idempotent upsert in one transaction, all or nothing."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from chejian_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db import app as db
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.production import Reason
from chejian_cloud.marks import lock_registry, mark
from chejian_cloud.reasons.tree import walk
from chejian_cloud.registry.seed_energy import store_energy
from chejian_cloud.registry.seedfile import SeedFile, read_seed
from chejian_cloud.registry.upserts import Upserts

log = logging.getLogger(__name__)


def seed(dsn: str, path: Path) -> Mapping[str, int]:
    """Store the registry file `path`; what is stored already and equal stays untouched.

    Any change marks all stored data of all equipment for recomputation.

    Returns:
        Number of changes by what was done, e.g. {"equipment added": 6}; empty when nothing changed.

    Raises:
        ConfigError: names file, key, value and what is allowed; nothing was stored.
    """
    content = read_seed(path)
    engine = make_engine(dsn, application="chejian-cloud seed")
    try:
        with Session(engine) as session, session.begin():
            lock_registry(session)
            writer = _Writer(session, str(path))
            writer.store(content)
            if writer.report:
                hours = mark(session, reason=f"registry file {path.name}")
                log.info("registry changed: %s; %d hours marked", dict(writer.report), hours)
        return dict(writer.report)
    finally:
        engine.dispose()


class _Writer(Upserts):
    """Upserts the tables of one seed file in the order of their references."""

    def store(self, content: SeedFile) -> None:
        """Upsert everything of a file."""
        for enterprise in content.enterprise:
            self.upsert(db.Enterprise, {"code": enterprise.code}, _names(enterprise))
        self._calendars(content)
        self._workshops(content)
        self._equipment(content)
        self._cycles(content)
        self._bearings(content)
        store_energy(self, content)
        self._reasons(content)

    def _reasons(self, content: SeedFile) -> None:
        ids: dict[str | None, int | None] = {None: None}
        for parent, position, seed in walk(content.reason):
            values = {
                "parent_id": ids[parent],
                "position": position,
                "loss": seed.loss,
                "active": seed.active,
                **_names(seed),
            }
            ids[seed.code] = self.upsert(Reason, {"code": seed.code}, values).reason_id

    def _calendars(self, content: SeedFile) -> None:
        for item in content.calendar:
            row = self.upsert(db.Calendar, {"code": item.code}, {"timezone": item.timezone})
            parent = {"calendar_id": row.calendar_id}
            shifts = [{"code": s.code, **_names(s), **_span(s.start, s.end)} for s in item.shift]
            self.replace(db.Shift, parent, shifts)
            stops = [{**_names(s), **_span(s.start, s.end)} for s in item.planned_stop]
            self.replace(db.PlannedStop, parent, stops)

    def _workshops(self, content: SeedFile) -> None:
        for i, workshop in enumerate(content.workshop):
            enterprise = self.find(db.Enterprise, f"workshop[{i}].enterprise", code=workshop.enterprise)
            calendar = self.find(db.Calendar, f"workshop[{i}].calendar", code=workshop.calendar)
            if workshop.timezone != calendar.timezone:
                raise ConfigError(
                    self.source,
                    f"workshop[{i}].timezone",
                    workshop.timezone,
                    f"{calendar.timezone}, the time zone of its calendar {calendar.code}",
                )
            values = {
                "calendar_id": calendar.calendar_id,
                "timezone": workshop.timezone,
                "city_code": workshop.city_code,
            }
            key = {"enterprise_id": enterprise.enterprise_id, "code": workshop.code}
            self.upsert(db.Workshop, key, {**_names(workshop), **values})
        for i, line in enumerate(content.line):
            parent = self.find(db.Workshop, f"line[{i}].workshop", code=line.workshop)
            self.upsert(db.Line, {"workshop_id": parent.workshop_id, "code": line.code}, _names(line))
        for i, product in enumerate(content.product):
            owner = self.find(db.Enterprise, f"product[{i}].enterprise", code=product.enterprise)
            self.upsert(
                db.Product, {"enterprise_id": owner.enterprise_id, "code": product.code}, _names(product)
            )

    def _equipment(self, content: SeedFile) -> None:
        placed: Counter[tuple[str, str]] = Counter()
        for i, item in enumerate(content.equipment):
            place = (item.workshop, item.line)
            placed[place] += 1
            workshop = self.find(db.Workshop, f"equipment[{i}].workshop", code=item.workshop)
            line = self.find(
                db.Line, f"equipment[{i}].line", code=item.line, workshop_id=workshop.workshop_id
            )
            row = self.upsert(
                db.Equipment,
                {"enterprise_id": workshop.enterprise_id, "code": item.code},
                {
                    **_names(item),
                    "workshop_id": workshop.workshop_id,
                    "line_id": line.line_id,
                    "type": item.type,
                    "position": placed[place] if item.position is None else item.position,
                },
            )
            enterprise = self.session.get_one(db.Enterprise, workshop.enterprise_id)
            feeds = [
                {"group_id": f.group or enterprise.code, "edge_node": f.node, "device": f.device}
                for f in item.feeds
            ]
            for j, feed in enumerate(feeds):
                self._refuse_taken(f"equipment[{i}].feeds[{j}]", feed, row.equipment_id)
            self.replace(db.EquipmentFeed, {"equipment_id": row.equipment_id}, feeds)

    def _refuse_taken(self, key: str, feed: Mapping[str, str], equipment_id: int) -> None:
        for taken in self.rows(db.EquipmentFeed, feed):
            if taken.equipment_id == equipment_id:
                continue
            other = self.session.get_one(db.Equipment, taken.equipment_id)
            raise ConfigError(
                self.source,
                key,
                f"{feed['edge_node']}/{feed['device']}",
                f"a device that feeds no other equipment; {other.code} has it already",
            )

    def _cycles(self, content: SeedFile) -> None:
        for i, item in enumerate(content.ideal_cycle):
            equipment = self.find(db.Equipment, f"ideal_cycle[{i}].equipment", code=item.equipment)
            product = self.find(
                db.Product,
                f"ideal_cycle[{i}].product",
                code=item.product,
                enterprise_id=equipment.enterprise_id,
            )
            assert isinstance(item.valid_from, datetime)  # noqa: S101 - checked by the seed file's class
            key = {
                "equipment_id": equipment.equipment_id,
                "product_id": product.product_id,
                "valid_from": item.valid_from.astimezone(UTC),
            }
            self.upsert(db.IdealCycle, key, {"cycle_us": item.cycle_us})

    def _bearings(self, content: SeedFile) -> None:
        for i, item in enumerate(content.bearing):
            equipment = self.find(db.Equipment, f"bearing[{i}].equipment", code=item.equipment)
            taken = self.session.scalars(
                select(db.Bearing).filter_by(equipment_id=equipment.equipment_id, signal=item.signal)
            ).one_or_none()
            if taken is not None and taken.position != item.position:
                raise ConfigError(
                    self.source,
                    f"bearing[{i}].signal",
                    item.signal,
                    f"a signal that hears one bearing; position {taken.position} has it already",
                )
            orders, (group, support) = item.orders, item.zones
            values = {name: getattr(item, name) for name in ("designation", "signal", "mains_hz")}
            values |= {name: getattr(orders, name) for name in ("bpfo", "bpfi", "ftf", "bsf2")}
            values |= {"zone_group": group, "support": support, "neighbours": item.neighbours}
            key = {"equipment_id": equipment.equipment_id, "position": item.position}
            self.upsert(db.Bearing, key, values)


def _names(item: Any) -> dict[str, str]:
    return {"name_zh": item.name_zh, "name_en": item.name_en}


def _span(start: str, end: str) -> dict[str, time]:
    return {"start": time.fromisoformat(start), "end": time.fromisoformat(end)}
