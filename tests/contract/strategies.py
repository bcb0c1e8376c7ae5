"""Values of the contract for hypothesis."""

from chejian_contract.equipment import MAX_CODE_LENGTH
from chejian_contract.sparkplug.datatypes import ARRAY_CODES, SIGNED_BITS, TEXT_CODES, UNSIGNED_BITS, Code
from hypothesis import strategies as st

codes = st.text(
    st.characters(exclude_characters="/+#", exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=MAX_CODE_LENGTH,
).filter(lambda code: code == code.strip())
times_ms = st.integers(0, 2**53)
texts = st.text(st.characters(exclude_categories=["Cs"]))


def integers(code: Code) -> st.SearchStrategy[int]:
    """Every value of an integer type."""
    if code in SIGNED_BITS:
        half = 1 << (SIGNED_BITS[code] - 1)
        return st.integers(-half, half - 1)
    return st.integers(0, (1 << UNSIGNED_BITS[code]) - 1)


SCALARS: dict[Code, st.SearchStrategy[object]] = {
    **{code: integers(code) for code in (*SIGNED_BITS, *UNSIGNED_BITS)},
    Code.FLOAT: st.floats(width=32, allow_nan=False),
    Code.DOUBLE: st.floats(allow_nan=False),
    Code.BOOLEAN: st.booleans(),
    **dict.fromkeys(TEXT_CODES, texts),
    Code.BYTES: st.binary(),
    Code.FILE: st.binary(),
}
_ITEMS: dict[Code, st.SearchStrategy[object]] = {
    Code[code.name.removesuffix("_ARRAY")]: SCALARS[Code[code.name.removesuffix("_ARRAY")]]
    for code in ARRAY_CODES
} | {Code.STRING: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))}
ARRAYS: dict[Code, st.SearchStrategy[list[object]]] = {
    code: st.lists(_ITEMS[Code[code.name.removesuffix("_ARRAY")]], max_size=20)
    for code in sorted(ARRAY_CODES)
}
