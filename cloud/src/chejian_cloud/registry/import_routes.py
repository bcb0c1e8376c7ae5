"""HTTP routes of registry imports."""

import hashlib
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.kpi.export import FORMATS
from chejian_cloud.once import Once
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry import imports
from chejian_cloud.registry.import_columns import COLUMNS
from chejian_cloud.registry.import_schemas import ImportOut, ImportPreview
from chejian_cloud.registry.import_template import template_csv, template_xlsx

router = APIRouter(tags=["registry"])

Enterprise = Annotated[
    str, Query(min_length=1, max_length=64, description="Code of the enterprise.", examples=["hlj-demo"])
]
_XLSX: Final = FORMATS["xlsx"][1]
MEDIA_TYPES: Final = ("text/csv", _XLSX)
_EXAMPLE: Final = f"{','.join(COLUMNS)}\nHRB-W1,,,,,L1,,,CNC-07,七号加工中心,Machining centre 7,cnc_machining_centre,7,HRB-W1,CNC-07\n"
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "CSV in UTF-8, UTF-16 or GB18030, or the first sheet of an Excel file; with a header.",
        "content": {
            "text/csv": {"schema": {}, "example": _EXAMPLE},  # any bytes: what is no table is told as errors
            _XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


async def _file(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in MEDIA_TYPES:
        raise InvalidValueError("content-type", kind, ", ".join(MEDIA_TYPES))
    return await request.body()


File = Annotated[bytes, Depends(_file)]


@router.get("/registry/imports/template", response_class=Response)
def get_template(
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format", examples=["xlsx"])] = "xlsx",
    language: Annotated[Literal["zh-CN", "en"], Query(examples=["zh-CN"])] = "zh-CN",
) -> Response:
    """An empty table for an import, as Excel with an explanation of each column, or as CSV."""
    body = template_xlsx(language) if form == "xlsx" else template_csv(language)
    headers = {"Content-Disposition": f'attachment; filename="chejian-registry.{form}"'}
    return Response(body, media_type=FORMATS[form][1], headers=headers)


@router.post("/registry/imports/preview", openapi_extra=_FILE)
def post_preview(session: ReadSession, enterprise: Enterprise, data: File) -> ImportPreview:
    """What a table of equipment would change in an enterprise's registry, or every error in it; nothing is stored."""
    return imports.preview(session, enterprise, data)


@router.post("/registry/imports", openapi_extra=_FILE)
def post_import(
    request: Request,
    session: WriteSession,
    once: Once,
    enterprise: Enterprise,
    user_name: Annotated[UserName, Query(examples=["王工"])],
    data: File,
) -> ImportOut:
    """Store a table of equipment, all of it or nothing; every wrong value is answered with row, column and reason.

    Unknown workshops, lines and equipment are added, known ones changed; nothing is taken out. An empty cell leaves
    what is stored. The journal keeps the file's digest.
    """

    def store() -> ImportOut:
        done = imports.store(session, enterprise, data, user_name)
        line = request.state.line
        told = {"sha256": hashlib.sha256(data).hexdigest(), **done.model_dump()}
        owner = imports.owner_of(session, enterprise)
        request.state.line = replace(line, target={**line.target, **told}, enterprise_id=owner)
        return done

    return once.do(session, store)
