import inspect

from chejian_contract import errors
from chejian_contract.errors import ConfigError, ContractError


def test_the_tree_at_the_head_of_the_module_is_complete() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    drawn = inspect.getdoc(errors) or ""
    assert len(classes) >= 5
    for kind in classes:
        assert kind is ContractError or kind.__base__ is ContractError
        assert kind is ContractError or f"─ {kind.__name__} " in drawn, kind


def test_a_config_error_keeps_its_parts() -> None:
    error = ConfigError("edge.toml", "mqtt.port", 0, "1 to 65535")
    assert (error.source, error.key, error.value, error.allowed) == (
        "edge.toml",
        "mqtt.port",
        0,
        "1 to 65535",
    )
    assert str(error) == "edge.toml: key 'mqtt.port': value 0 is wrong; allowed: 1 to 65535"
