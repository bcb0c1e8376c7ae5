"""Write the boards' files from deploy/grafana/boards/*.py, or check that they are what those make.

    python -m tools.gen_boards             write
    python -m tools.gen_boards --check     compare

Every board passes through grafana-foundation-sdk, whose types are those of Grafana: a key that it does not know is dropped
there, and named here as an error.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog import plugins, runtime, variants
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.model import DATASOURCE, Board
from tools.tracked import ROOT

with warnings.catch_warnings():
    # The classic model on purpose: files of the newer one can't be provisioned on Grafana 11 to 13.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    from grafana_foundation_sdk.models.dashboard import Dashboard

SOURCES = ROOT / "deploy" / "grafana" / "boards"
GENERATED = ROOT / "deploy" / "src" / "chejian" / "boards" / "generated"
_ADDED = ("placement", "inControlsMenu")
"""The SDK moves every link into a menu that Grafana 11 and 12.2 lack; where links stand is left to Grafana."""


class Statement(variants.Dataquery):  # type: ignore[misc]  # the SDK is not typed for mypy
    """A query of the PostgreSQL datasource, for which the SDK has no type: kept as it is."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def to_json(self) -> dict[str, Any]:
        """The query, for the SDK's encoder."""
        return self._content


def through_sdk(board: dict[str, Any]) -> dict[str, Any]:
    """The board as the SDK reads and writes it, with its defaults."""
    plugins.register_default_plugins()
    config = runtime.DataqueryConfig(identifier=DATASOURCE["type"], from_json_hook=Statement)
    runtime.register_dataquery_variant(config)
    text = JSONEncoder(sort_keys=True).encode(Dashboard.from_json(json.loads(json.dumps(board))))
    cleaned: dict[str, Any] = _without(json.loads(text))
    return cleaned


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(v) for key, v in value.items() if (key, v) != _ADDED}
    return [_without(v) for v in value] if isinstance(value, list) else value


def lost(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Paths of `given` that `kept` has not, or has differently; what is added is no loss."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from lost(value, kept[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for i, (a, b) in enumerate(zip(given, kept, strict=True)):
            yield from lost(a, b, f"{path}[{i}]")
    elif given != kept:
        yield path


def made() -> dict[Path, str]:
    """Path and content of every board's file.

    Raises:
        ValueError: when a board has a key or value that Grafana does not know.
    """
    out = {}
    for source in sorted(SOURCES.glob("*.py")):
        board: Board = import_module(f"deploy.grafana.boards.{source.stem}").BOARD
        own = board.json()
        kept = through_sdk(own)
        if unknown := list(lost(own, kept)):
            raise ValueError(f"{source.name}: not known to Grafana: {', '.join(unknown)}")
        text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        out[GENERATED / f"{board.uid}.json"] = text
    return out


def main() -> int:
    """Write or check; the exit status is 1 when a file differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when a file differs")
    check = parser.parse_args().check
    wanted = made()
    there = {path: path.read_text("utf-8") for path in GENERATED.glob("*.json")}
    wrong = sorted(p for p in wanted.keys() | there.keys() if wanted.get(p) != there.get(p))
    for path in wrong:
        print(f"{path.relative_to(ROOT)}: {'differs from its source' if check else 'written'}")
        if not check:
            if path in wanted:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(wanted[path], "utf-8")
            else:
                path.unlink()
    return 1 if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
