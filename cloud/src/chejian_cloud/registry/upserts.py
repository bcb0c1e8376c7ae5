"""Idempotent writing of registry rows, with a count of what was done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from chejian_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db import app as db

M = TypeVar("M", bound=db.Base)


class Upserts:
    """Writes rows that differ from what is stored.

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

    def upsert(self, model: type[M], key: Mapping[str, Any], values: Mapping[str, Any]) -> M:
        """The row of `key`, with `values`."""
        row = self.session.scalars(select(model).filter_by(**key)).one_or_none()
        if row is None:
            row = model(**key, **values)
            self.session.add(row)
            self.report[f"{model.__tablename__} added"] += 1
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            self.report[f"{model.__tablename__} changed"] += 1
        self.session.flush()
        return row

    def replace(self, model: type[M], parent: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Make the children of `parent` exactly `rows`; equal ones stay."""
        wanted = [{**parent, **row} for row in rows]
        for old in self.session.scalars(select(model).filter_by(**parent)):
            same = next((w for w in wanted if all(getattr(old, k) == v for k, v in w.items())), None)
            if same is not None:
                wanted.remove(same)
            else:
                self.session.delete(old)
                self.report[f"{model.__tablename__} removed"] += 1
        self.session.flush()
        for row in wanted:
            self.session.add(model(**row))
            self.report[f"{model.__tablename__} added"] += 1
        self.session.flush()

    def find(self, model: type[M], key: str, **by: Any) -> M:
        """The one row that matches `by`, which holds "code"; `key` is its place in the file.

        Raises:
            ConfigError: there is none, or several.
        """
        rows = self.session.scalars(select(model).filter_by(**by)).all()
        if len(rows) != 1:
            kind = model.__tablename__
            what = f"the code of a registered {kind}" if not rows else f"a {kind} code that only one has"
            raise ConfigError(self.source, key, by["code"], what)
        return rows[0]
