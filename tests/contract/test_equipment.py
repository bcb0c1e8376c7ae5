import pytest
from chejian_contract.equipment import MAX_CODE_LENGTH, EquipmentPath, check_code
from chejian_contract.errors import IdentifierError
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.strategies import codes


@given(levels=st.tuples(codes, codes, codes, codes))
def test_a_path_survives_its_text(levels: tuple[str, str, str, str]) -> None:
    path = EquipmentPath(*levels)
    assert EquipmentPath.parse(str(path)) == path
    assert str(path).encode()


@pytest.mark.parametrize(
    "code",
    [
        "",
        " a",
        "a ",
        "a/b",
        "a+",
        "#",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "\ud800",
        "x" * (MAX_CODE_LENGTH + 1),
    ],
)
def test_a_code_that_no_topic_can_carry_is_named(code: str) -> None:
    with pytest.raises(IdentifierError) as error:
        check_code(code, "line")
    assert repr(code) in str(error.value)
    assert str(error.value).startswith("line code")


@pytest.mark.parametrize("text", ["a/b/c", "a/b/c/d/e", "", "a/b//d"])
def test_a_path_has_four_levels(text: str) -> None:
    with pytest.raises(IdentifierError, match=r"must (be enterprise/workshop/line/equipment|have 1 to 64)"):
        EquipmentPath.parse(text)
