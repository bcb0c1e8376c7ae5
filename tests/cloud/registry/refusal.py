"""A registry file with one slip, made from the good one by a case: what the refusal has to say."""

from pathlib import Path
from typing import Any

import pytest
from chejian_cloud.registry.seed import seed
from chejian_contract.errors import ConfigError


def assert_refused(dsn: str, good: Path, case: dict[str, Any], folder: Path) -> None:
    """Seed `good` with the case's edit; the error names file, key and what is allowed.

    Args:
        dsn: of a database with schemas.
        good: file that is accepted.
        case: "find" stands once in the file and becomes "replace"; "key" and "allowed" are of the error.
        folder: for the edited file.
    """
    text = good.read_text("utf-8")
    assert text.count(case["find"]) == 1, "the case must edit one place"
    path = folder / "bad.toml"
    path.write_text(text.replace(case["find"], case["replace"]), "utf-8")
    with pytest.raises(ConfigError) as caught:
        seed(dsn, path)
    assert caught.value.source == str(path)
    assert caught.value.key == case["key"]
    assert case["allowed"] in caught.value.allowed
