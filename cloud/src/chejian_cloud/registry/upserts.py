"""Idempotent writing of registry rows, with a count of what was done."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from chejian_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db import app as db

M = TypeVar("M", bound=db.Base)


class Upserts:
    """Writes rows that differ from what is stored.

    Each table is read once, so nobody else may change it meanwhile: the session holds the registry's lock.

    Args:
        session: in the transaction of the edit.
        source: file that errors name.

    Attributes:
        report: number of changes by what was done, e.g. {"equipment added": 6}.
    """

    def __init__(self, session: Session, source: str) -> None:
        self.report: Counter[str] = Counter()
        self.session = session
        self.source = source
        self._tables: dict[type[db.Base], _Table[Any]] = {}

    def rows(self, model: type[M], by: Mapping[str, Any]) -> list[M]:
        """Rows whose columns have these values."""
        return self._table(model).rows(by)

    def upsert(self, model: type[M], key: Mapping[str, Any], values: Mapping[str, Any]) -> M:
        """The row of `key`, with `values`."""
        found = self.rows(model, key)
        if not found:
            row = model(**key, **values)
            self._add(row)
            self.session.flush()
            self._table(model).take(row)
            return row
        (row,) = found
        if any(getattr(row, name) != value for name, value in values.items()):
            self._table(model).drop(row)
            for name, value in values.items():
                setattr(row, name, value)
            self._table(model).take(row)
            self.report[f"{model.__tablename__} changed"] += 1
            self.session.flush()
        return row

    def replace(self, model: type[M], parent: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Make the children of `parent` exactly `rows`; equal ones stay."""
        wanted = [{**parent, **row} for row in rows]
        table = self._table(model)
        for old in list(self.rows(model, parent)):
            same = next((w for w in wanted if all(getattr(old, k) == v for k, v in w.items())), None)
            if same is not None:
                wanted.remove(same)
            else:
                table.drop(old)
                self.session.delete(old)
                self.report[f"{model.__tablename__} removed"] += 1
        self.session.flush()
        fresh = [model(**row) for row in wanted]
        for row in fresh:
            self._add(row)
        self.session.flush()
        for row in fresh:
            table.take(row)

    def find(self, model: type[M], key: str, **by: Any) -> M:
        """The one row that matches `by`, which holds "code"; `key` is its place in the file.

        Raises:
            ConfigError: there is none, or several.
        """
        rows = self.rows(model, by)
        if len(rows) != 1:
            kind = model.__tablename__
            what = f"the code of a registered {kind}" if not rows else f"a {kind} code that only one has"
            raise ConfigError(self.source, key, by["code"], what)
        return rows[0]

    def _table(self, model: type[M]) -> "_Table[M]":
        if model not in self._tables:
            self._tables[model] = _Table(self.session.scalars(select(model)).all())
        return self._tables[model]

    def _add(self, row: db.Base) -> None:
        self.session.add(row)
        self.report[f"{row.__tablename__} added"] += 1


class _Table(Generic[M]):
    """Rows of a table, found by the values of any columns."""

    def __init__(self, rows: Iterable[M]) -> None:
        self._rows = list(rows)
        self._indexes: dict[tuple[str, ...], dict[tuple[Any, ...], list[M]]] = {}

    def rows(self, by: Mapping[str, Any]) -> list[M]:
        names = tuple(by)
        if names not in self._indexes:
            index = self._indexes[names] = defaultdict(list)
            for row in self._rows:
                index[_values(row, names)].append(row)
        return self._indexes[names].get(tuple(by.values()), [])

    def take(self, row: M) -> None:
        self._rows.append(row)
        for names, index in self._indexes.items():
            index[_values(row, names)].append(row)

    def drop(self, row: M) -> None:
        self._rows.remove(row)
        for names, index in self._indexes.items():
            index[_values(row, names)].remove(row)


def _values(row: db.Base, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)
