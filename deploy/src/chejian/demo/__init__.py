"""The demo: the whole chain as operating-system processes on one machine, filled with a day of history."""

from chejian.demo.options import DemoOptions
from chejian.demo.run import run_demo

__all__ = ["DemoOptions", "run_demo"]
