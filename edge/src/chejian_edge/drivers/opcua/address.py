"""OPC UA addresses: NodeIds whose namespace is named by its URI, because indexes change from start to start."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from asyncua import ua
from asyncua.ua.uaerrors import UaError

from chejian_edge.errors import AddressError, SourceError

_FORM = "nsu=<namespace URI>;<s|i|g|b>=<identifier>, or i=<number> for the standard namespace"
_ADDRESS = re.compile(r"(?:nsu=([^;]+);)?([sigb])=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A parsed address.

    Attributes:
        namespace: URI, "" for the OPC UA namespace.
        identifier: "<s|i|g|b>=<identifier>".
    """

    namespace: str
    identifier: str

    def resolve(self, namespaces: list[str]) -> ua.NodeId:
        """The NodeId on a server with this namespace array.

        Raises:
            SourceError: the server does not have the namespace.
        """
        if not self.namespace:
            return ua.NodeId.from_string(self.identifier)
        try:
            index = namespaces.index(self.namespace)
        except ValueError:
            raise SourceError(
                f"the server has no namespace {self.namespace!r}; it has {', '.join(namespaces)}"
            ) from None
        return ua.NodeId.from_string(f"ns={index};{self.identifier}")


def parse_address(text: str) -> NodeAddress:
    """Read an address.

    Raises:
        AddressError: names the text and the form expected.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or (match[1] is None and match[2] != "i"):
        raise AddressError(text, _FORM)
    address = NodeAddress(unquote(match[1] or ""), f"{match[2]}={match[3]}")
    try:
        ua.NodeId.from_string(address.identifier)
    except (UaError, ValueError) as error:
        raise AddressError(text, _FORM) from error
    return address


def format_address(node: ua.NodeId, namespaces: list[str]) -> str:
    """Write the address of a node as the configuration has it."""
    kind, _, identifier = node.to_string().rpartition(";")[2].partition("=")
    if not node.NamespaceIndex:
        return f"{kind}={identifier}"
    uri = namespaces[node.NamespaceIndex].replace("%", "%25").replace(";", "%3B")
    return f"nsu={uri};{kind}={identifier}"
