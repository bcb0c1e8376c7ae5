"""Where a page is in the organisation: enterprise, workshop, line, equipment; what breadcrumbs and tabs are made of."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from chejian_cloud.registry import service
from chejian_cloud.registry.schemas import EquipmentOut, LineOut, WorkshopOut
from chejian_cloud.registry.scope import Scope


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the organisation; what lies below it is None.

    Attributes:
        workshops: all workshops, by enterprise and code.
        workshop: that the page is about.
        line: that the page is about.
        machine: that the page is about.
        machines: machines of the line, or of the workshop where no line is named.
    """

    workshops: list[WorkshopOut]
    workshop: WorkshopOut | None = None
    line: LineOut | None = None
    machine: EquipmentOut | None = None
    machines: tuple[EquipmentOut, ...] = ()


def whole(session: Session) -> Place:
    """The place above all workshops."""
    return Place(service.list_workshops(session))


def of_workshop(session: Session, workshop_id: int) -> Place | None:
    """A workshop with its machines; None when it is not registered."""
    workshops = service.list_workshops(session)
    workshop = next((w for w in workshops if w.workshop_id == workshop_id), None)
    if workshop is None:
        return None
    return Place(workshops, workshop, machines=_machines(session, Scope(workshop_id)))


def of_line(session: Session, line_id: int) -> Place | None:
    """A line with its machines; None when it is not registered."""
    workshops = service.list_workshops(session)
    found = next(((w, x) for w in workshops for x in w.lines if x.line_id == line_id), None)
    if found is None:
        return None
    return Place(workshops, *found, machines=_machines(session, Scope(line_id=line_id)))


def of_machine(session: Session, equipment_id: int) -> Place | None:
    """An equipment and the machines of its line; None when it is not registered."""
    machine = service.find_equipment(session, equipment_id)
    place = of_line(session, machine.line_id) if machine else None
    return place and Place(place.workshops, place.workshop, place.line, machine, place.machines)


def _machines(session: Session, scope: Scope) -> tuple[EquipmentOut, ...]:
    return tuple(service.machines_of(session, scope))
