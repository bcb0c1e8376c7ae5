"""Asking the processor for memory ahead of its use.

A kernel that walks several columns chunk by chunk changes streams every few microseconds, faster than the processor's own
prefetching follows (measured: benchmarks/kpi_aggregate.py).
"""

from collections.abc import Callable
from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

_READ, _KEEP, _DATA = 0, 3, 1
"""Of LLVM's prefetch: for reading, in all levels of cache, data and no instructions."""

ir: Any = vars(cgutils)["ir"]
"""The builder of LLVM code that numba itself works with."""
_proxy: Callable[..., Any] = cgutils.create_struct_proxy
_declared: Callable[..., Any] = cgutils.get_or_insert_function


@intrinsic
def _prefetch(_context: Any, array: Any, index: Any) -> tuple[Any, Callable[..., Any]]:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = _proxy(signature.args[0])(context, builder, arguments[0])
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        asked = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = _declared(builder.module, asked, "llvm.prefetch.p0")
        address = builder.bitcast(builder.gep(made.data, [arguments[1]]), byte)
        builder.call(function, [address, word(_READ), word(_KEEP), word(_DATA)])
        return context.get_dummy_value()

    return types.void(array, index), codegen


def prefetch(array: NDArray[Any], index: int) -> None:
    """Hint that `array[index]` will be read soon; does nothing outside of compiled code.

    Args:
        array: contiguous, one-dimensional.
        index: >= 0; beyond the end of the array, too: a hint never faults.
    """


@overload(prefetch)
def _compiled(array: Any, index: Any) -> Callable[..., None]:
    del array, index
    ask_for: Callable[..., None] = _prefetch  # the context comes from the compiler

    def ask(array: Any, index: Any) -> None:
        ask_for(array, index)

    return ask
