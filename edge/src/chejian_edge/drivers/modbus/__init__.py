"""Modbus driver: TCP, and RTU frames over TCP, with pymodbus; options in `sample.toml`."""

from chejian_edge.driver import DriverKind
from chejian_edge.drivers.modbus.driver import ModbusDriver
from chejian_edge.drivers.modbus.options import ModbusOptions

DRIVER = DriverKind(ModbusOptions, ModbusDriver)

__all__ = ["DRIVER", "ModbusDriver", "ModbusOptions"]
