"""Errors of the contract.

ContractError
├── ConfigError        a configuration file is wrong: fatal, the person edits the file
├── IdentifierError    a code can't be used in a path or topic: fatal for that code
├── UnitError          a unit does not belong to its quantity: fatal for that signal
└── PayloadError       a received payload can't be read: the message is a dead letter, the process goes on
"""


class ContractError(Exception):
    """Base of all errors that the contract raises."""


class ConfigError(ContractError):
    """A configuration value is wrong; the text names file, key, value and what is allowed."""

    def __init__(self, source: str, key: str, value: object, allowed: str) -> None:
        self.source = source
        self.key = key
        self.value = value
        self.allowed = allowed
        super().__init__(f"{source}: key '{key}': value {value!r} is wrong; allowed: {allowed}")


class IdentifierError(ContractError):
    """A code holds characters that paths or topics can't carry."""


class UnitError(ContractError):
    """A unit is not one of its quantity's units."""


class PayloadError(ContractError):
    """A received payload is not what Sparkplug B or this contract prescribes."""
