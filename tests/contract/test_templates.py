import pytest
from chejian_contract.errors import ConfigError
from chejian_contract.quantities import Quantity, units_of
from chejian_contract.signals import DataType, Role, SignalDef, SignalKind
from chejian_contract.templates import EquipmentType, equipment_types, parse_template

GOOD = """
name_zh = "压力机"
name_en = "Press"
kpis = ["oee"]
[signal."Ram/Force"]
quantity = "force"
unit = "kN"
kind = "measurement"
"""


@pytest.mark.parametrize("kind", equipment_types().values(), ids=lambda kind: kind.id)
def test_every_template_is_legal_and_complete(kind: EquipmentType) -> None:
    assert kind.name_zh != kind.name_en
    assert any(ord(c) >= 0x4E00 for c in kind.name_zh)
    roles = [s.role for s in kind.signals.values() if s.role is not Role.NONE]
    assert len(set(roles)) == len(roles), "analytics ask for roles, so each is given once"
    for name, signal in kind.signals.items():
        assert signal.name == name
        assert signal.unit in units_of(signal.quantity)
        assert all(part and part == part.strip() for part in name.split("/"))
    if "oee" in kind.kpis:
        assert {Role.MACHINE_STATE, Role.PRODUCED_COUNT, Role.GOOD_COUNT} <= set(roles)
    if "bearing_envelope" in kind.diagnoses:
        assert {Role.VIBRATION_WAVEFORM, Role.ROTATIONAL_SPEED} <= set(roles)


def test_the_demo_types_are_there() -> None:
    assert {"cnc_machining_centre", "motor_test_stand"} <= set(equipment_types())


def test_roles_travel_as_the_types_that_their_readers_expect() -> None:
    wanted = {
        Role.MACHINE_STATE: DataType.INT32,
        Role.PRODUCED_COUNT: DataType.INT64,
        Role.PRODUCT: DataType.STRING,
        Role.VIBRATION_WAVEFORM: DataType.FLOAT_ARRAY,
        Role.ROTATIONAL_SPEED: DataType.DOUBLE,
    }
    signals = equipment_types()["motor_test_stand"].signals.values()
    assert {s.role: s.data_type for s in signals if s.role in wanted} == wanted


def test_a_good_template() -> None:
    force = SignalDef("Ram/Force", Quantity.FORCE, "kN", SignalKind.MEASUREMENT)
    assert parse_template("press", GOOD) == EquipmentType(
        "press", "压力机", "Press", {"Ram/Force": force}, ("oee",), ()
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"force"', '"weight"', ["signal.'Ram/Force'.quantity", "'weight'", "force, "]),
        ('"kN"', '"lbf"', ["signal.'Ram/Force'.unit", "'lbf'", "allowed: N, kN"]),
        ('"measurement"', '"guess"', ["signal.'Ram/Force'.kind", "'guess'", "measurement, total"]),
        ('kind = "measurement"', "", ["signal.'Ram/Force'.kind", "None"]),
        ("unit =", "units =", ["signal.'Ram/Force'.units", "quantity, unit, kind, role"]),
        ('name_zh = "压力机"', "", ["key 'name_zh'", "required"]),
        ("kpis", "kpi", ["key 'kpi'", "['oee']", "kpis, diagnoses"]),
        ("name_en =", "name_en", ["TOML"]),
    ],
)
def test_a_wrong_template_names_file_key_value_and_what_is_allowed(
    old: str, new: str, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        parse_template("press", GOOD.replace(old, new))
    for word in ["press.toml", *words]:
        assert word in str(error.value)
