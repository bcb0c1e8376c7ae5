"""Benchmarks tell groups and nobody: small groups, growing groups and groups inside of others, asked by SQL and over the API."""

from collections.abc import Iterable, Iterator

import psycopg
import pytest

from tests.cloud.assessment.conftest import People

LEAST = 5
_ENTERPRISES = """
INSERT INTO app.enterprise (code, name_zh, name_en) SELECT 'p' || i, '', '' FROM generate_series(1, 40) i
"""
_APPROVED = """
WITH form AS (
    INSERT INTO app.assessment (enterprise_id, standard_id, standard_version, standard_digest, industry, not_applicable,
                                window_start, window_end, state, created_by)
    SELECT enterprise_id, 'gbt23020-2013', '1', '', %(industry)s, '{}', now() - interval '1 day', now(), 'approved', 'x'
      FROM app.enterprise WHERE code = 'p' || %(number)s RETURNING assessment_id, enterprise_id),
submission AS (
    INSERT INTO app.assessment_submission (assessment_id, revision, enterprise_id, submitted_at, submitted_by, content, sha256,
                                           total, answered, measured, attached, declared, contradictions)
    SELECT assessment_id, 1, enterprise_id, now(), 'x', '', '', %(total)s, 1, 0, 0, 1, 0 FROM form)
INSERT INTO app.assessment_event (assessment_id, revision, enterprise_id, kind, user_name, comment)
SELECT assessment_id, 1, enterprise_id, 'approve', 'x', '' FROM form RETURNING assessment_id
"""
Told = tuple[int | None, tuple[float, ...] | None, str]
"""Others, quartiles, and why there are none."""
Groups = dict[str, Told]


class Approved:
    """Enterprises p1 to p40 whose assessments are approved one after the other."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.execute(_ENTERPRISES)

    def add(self, numbers: Iterable[int], industry: str = "discrete", *, plus: float = 0) -> int:
        """Approve an assessment of each, with ten times the number as total; answers the last one's form."""
        key = 0
        for number in numbers:
            values = {"industry": industry, "number": number, "total": 10 * number + plus}
            row = self.connection.execute(_APPROVED, values).fetchone()
            assert row is not None
            key = int(row[0])
        return key

    def told(self, form: int, *, least: int = LEAST, rows: str = "*") -> Groups:
        """What the application role is told for a form."""
        with self.connection.transaction(force_rollback=True):
            self.connection.execute(
                "SELECT set_config('role', 'chejian_api', true), set_config('chejian.enterprises', %s, true)",
                [rows],
            )
            found = self.connection.execute(
                "SELECT * FROM app.assessment_peers(%s, %s)", [form, least]
            ).fetchall()
        return {
            name: (others, None if lower is None else (lower, median, upper), reason)
            for name, others, lower, median, upper, reason in found
        }


@pytest.fixture
def approved(seeded: str) -> Iterator[Approved]:
    with psycopg.connect(seeded, autocommit=True) as connection:
        yield Approved(connection)


FEW: Told = (None, None, "few")


def test_groups_are_told_in_whole_batches_so_that_no_newcomer_shows(approved: Approved) -> None:
    seen = [approved.told(approved.add([number]))["industry"] for number in range(1, 15)]
    # the one that asks is itself the newest of the batch, so five others are told first
    first: Told = (5, (20.0, 30.0, 40.0), "")
    assert seen[:6] == [FEW] * 5 + [first]
    in_steps = [figures for _, figures, _ in seen[6:11]]
    assert len(set(in_steps)) == 1  # p7 to p11 came, and what is told stayed as it was
    assert seen[11] != seen[10]
    assert seen[12] == seen[13]


def test_an_enterprise_that_is_approved_again_and_again_makes_no_batch(approved: Approved) -> None:
    form = approved.add(range(1, 7))
    before = approved.told(form)
    for plus in range(1, 8):
        approved.add([1], plus=plus)
    assert approved.told(form) == before
    approved.add(range(2, 7), plus=1)  # with the others' it is a whole batch, and the newest totals count
    assert approved.told(form)["industry"] == (5, (21, 31, 41), "")


@pytest.mark.parametrize(("in_process", "province"), [(1, "deducible"), (2, "deducible"), (6, "")])
def test_all_industries_are_not_told_where_they_give_a_small_one_away(
    approved: Approved, in_process: int, province: str
) -> None:
    process = approved.add(range(21, 21 + in_process), "process")
    discrete = approved.add(range(1, 7))
    for form in (discrete, process):  # whoever asks: an enterprise may have a form in either industry
        told = approved.told(form)
        assert told["province"][2] == province, told
        assert (told["province"][0] is None) == (province != "")
    assert approved.told(discrete)["industry"][2] == ""
    assert (approved.told(process)["industry"] == FEW) == (in_process <= LEAST)


def test_nobody_asks_for_less_and_nobody_for_another(approved: Approved) -> None:
    form = approved.add(range(1, 6))
    assert approved.told(form, least=1) == {"industry": FEW, "province": FEW}
    assert approved.told(form, rows="1") == {}
    with approved.connection.transaction(force_rollback=True):
        approved.connection.execute("SELECT set_config('role', 'chejian_api', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            approved.connection.execute(
                "SELECT * FROM app.assessment_released('gbt23020-2013', '1', NULL, 1)"
            )


async def test_an_enterprise_sees_itself_and_groups(people: People, seeded: str) -> None:
    start = {"standard": "gbt23020-2013", "enterprise_id": 1, "industry": "discrete"}
    key = (await people.ask("enterprise", "POST", "", 201, json=start))["assessment_id"]
    with psycopg.connect(seeded, autocommit=True) as connection:
        approved = Approved(connection)
        foreign = approved.add(range(1, 6))
        told = await people.ask("enterprise", "GET", f"/{key}/benchmark")
        nothing = {"others": None, "lower": None, "median": None, "upper": None, "reason": "few"}
        assert told == {"least": LEAST, "own": None, "groups": [
            {"group": "industry", **nothing}, {"group": "province", **nothing}]}  # fmt: skip
        approved.add([6])
    told = await people.ask("enterprise", "GET", f"/{key}/benchmark")
    figures = {"others": 6, "lower": 23, "median": 35, "upper": 48, "reason": ""}
    assert told["groups"] == [{"group": "industry", **figures}, {"group": "province", **figures}]
    assert [each["assessment_id"] for each in await people.ask("enterprise", "GET", "")] == [key]
    await people.ask("enterprise", "GET", f"/{foreign}", 404)
    await people.ask("enterprise", "GET", f"/{foreign}/benchmark", 404)
