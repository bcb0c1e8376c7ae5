"""OPC UA driver: subscription and HistoryRead with asyncua; options in `sample.toml`."""

from chejian_edge.driver import DriverKind
from chejian_edge.drivers.opcua.driver import OpcUaDriver
from chejian_edge.drivers.opcua.options import OpcUaOptions

DRIVER = DriverKind(OpcUaOptions, OpcUaDriver)

__all__ = ["DRIVER", "OpcUaDriver", "OpcUaOptions"]
