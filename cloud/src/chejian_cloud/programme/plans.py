"""The plan that a site holds its programme against, with the cities and fields of its region."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from chejian_analytics.assessment import DataFileError
from chejian_analytics.assessment.programme import (
    Places,
    Plan,
    Target,
    check_figures,
    load_places,
    load_plan,
    read_plan,
)
from chejian_contract.errors import ConfigError

from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.figures import ZONE, begin_of


@dataclass(frozen=True, slots=True)
class Programme:
    """What is at hand.

    Attributes:
        plan: with targets and figures.
        places: cities and fields.
    """

    plan: Plan
    places: Places

    def target(self, name: str) -> Target:
        """A target by its id.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return self.plan.target(name)
        except KeyError:
            raise NotFoundError("target", "target", name) from None

    def check_place(self, city: str, sector: str) -> None:
        """Refuse a city or sector that the plan does not know.

        Raises:
            InvalidValueError: names what is allowed.
        """
        cities = [each.code for each in self.places.cities]
        if city not in cities:
            raise InvalidValueError("city_code", city, ", ".join(cities))
        fields = [each.id for each in self.places.fields]
        if sector not in fields:
            raise InvalidValueError("sector", sector, ", ".join(fields))


def load(path: Path | None) -> Programme:
    """The plan of a file, or the one that ships with the platform.

    Raises:
        ConfigError: lists everything that is wrong with the file.
    """
    places = load_places()
    if path is None:
        return Programme(load_plan(), places)
    try:
        plan = read_plan(path.read_text("utf-8"), path.name)
    except OSError as error:
        raise ConfigError("settings", "programme_plan", str(path), f"a file: {error.strerror}") from error
    except DataFileError as error:
        raise ConfigError(
            "settings", "programme_plan", str(path), f"a plan without errors:\n{error}"
        ) from error
    if plan.region != places.region:
        raise ConfigError(path.name, "region", plan.region, f"{places.region}, whose cities are at hand")
    return Programme(plan, places)


def told(programme: Programme) -> out.PlanOut:
    """The plan for people."""
    plan, places = programme.plan, programme.places
    names = ("id", "version", "digest", "name_zh", "name_en", "region", "source_zh", "source_en")
    return out.PlanOut(
        **{name: getattr(plan, name) for name in names},
        places_source_zh=f"{places.source_zh}（{places.confidence}）",
        places_source_en=f"{places.source_en} ({places.confidence})",
        cities=[out.CityOut.model_validate(each) for each in places.cities],
        fields=[out.FieldOut.model_validate(each) for each in places.fields],
        checks=[
            out.CheckOut(
                id=each.check.id,
                name_zh=each.check.name_zh,
                name_en=each.check.name_en,
                value=each.value,
                stated=each.check.stated,
                agrees=each.agrees,
            )
            for each in check_figures(plan)
        ],
    )


def today(now: datetime) -> date:
    """The day of the programme's time zone."""
    return now.astimezone(ZoneInfo(ZONE)).date()


def end_of(day: date) -> datetime:
    """First moment after a day of the programme's time zone."""
    return begin_of(day + timedelta(days=1))
