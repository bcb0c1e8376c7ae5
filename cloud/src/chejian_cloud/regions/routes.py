"""HTTP routes of assessments of regions."""

import hashlib
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from chejian_cloud.access.routes import CallerIs
from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.kpi import export
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.regions import filling, sealing, service, table
from chejian_cloud.regions import schemas as out
from chejian_cloud.registry.import_routes import MEDIA_TYPES, File
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["regions"])

FormId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
Revision = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
Lock = Annotated[int, Query(ge=1, le=MAX_ID, examples=[1], description="Of the form as it was read.")]
StandardName = Annotated[str, Query(max_length=64, examples=["regional-index-2015"])]
FormsPage = Annotated[Page, Depends(paging({"region_assessment_id": int}, most=500))]
Format = Annotated[Literal["csv", "xlsx"], Query(alias="format", examples=["csv"])]
OfYear = Annotated[int | None, Query(ge=1990, le=2100, description="Only this year's.")]
_EXAMPLE: Final = "item,value,base,source,confidence,note\ninfrastructure,80.2,,blue book 2015,A,\n"
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "CSV in UTF-8, UTF-16 or GB18030, or the first sheet of an Excel file; with a header.",
        "content": {
            MEDIA_TYPES[0]: {"schema": {}, "example": _EXAMPLE},
            MEDIA_TYPES[1]: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get("/regions")
def get_regions(session: ReadSession) -> list[out.RegionOut]:
    """Provinces and cities that the caller oversees."""
    return service.names(session)


@router.get("/regional-comparison")
def get_comparison(session: ReadSession, standard: StandardName, year: OfYear = None) -> out.ComparisonOut:
    """Regions and years of one standard side by side."""
    return service.compared(session, standard, year)


@router.get("/regional-comparison/file", response_class=Response)
def get_comparison_file(
    session: ReadSession, standard: StandardName, year: OfYear = None, form: Format = "csv"
) -> Response:
    """The comparison as a file."""
    found = service.compared(session, standard, year)
    body, media_type, headers = export.as_file(
        form, f"regions-{found.standard.id}", table.compared_rows(found), table.compared_head(found)
    )
    return Response(body, media_type=media_type, headers=headers)


@router.get("/regional-assessments")
def get_forms(
    session: ReadSession,
    page: FormsPage,
    standard: Annotated[str | None, Query(max_length=64)] = None,
) -> list[out.RegionFormBrief]:
    """Forms of the regions that the caller oversees, newest first."""
    return page.cut(service.listed(session, standard, page.part))


@router.post("/regional-assessments", status_code=201)
def post_form(
    session: WriteSession, caller: CallerIs, once: Once, body: out.RegionStartIn
) -> out.RegionFormOut:
    """Start a form of a region for a year."""

    def begun() -> out.RegionFormOut:
        key = filling.start(session, body, caller.display_name, utc_now())
        return service.form_of(session, key)

    return once.do(session, begun)


@router.get("/regional-assessments/{region_assessment_id}")
def get_form(session: ReadSession, region_assessment_id: FormId) -> out.RegionFormOut:
    """A form: the index down to each value and its source, and what the platform's enterprises measured beside it."""
    return service.form_of(session, region_assessment_id)


@router.put("/regional-assessments/{region_assessment_id}/values")
def put_values(
    session: WriteSession, caller: CallerIs, region_assessment_id: FormId, body: out.ValuesIn
) -> out.RegionFormOut:
    """Save some values; 409 where somebody else changed the form since it was read."""
    given = (body.lock, body.values, body.normaliser)
    filling.save(session, region_assessment_id, *given, caller.display_name, utc_now())
    return service.form_of(session, region_assessment_id)


@router.post("/regional-assessments/{region_assessment_id}/import", openapi_extra=_FILE)
def post_import(
    request: Request,
    session: WriteSession,
    caller: CallerIs,
    region_assessment_id: FormId,
    lock: Lock,
    data: File,
) -> out.ImportedOut:
    """Store a table of values, all of it or nothing; every wrong value is answered with row, column and what is allowed.

    Items that the table does not name keep their values. The journal keeps the file's digest.
    """
    rows, changed = filling.import_table(
        session, region_assessment_id, lock, data, caller.display_name, utc_now()
    )
    line = request.state.line
    digest = {"file_sha256": hashlib.sha256(data).hexdigest(), "rows": rows}
    request.state.line = replace(line, target={**line.target, **digest})
    return out.ImportedOut(rows=rows, changed=changed, form=service.form_of(session, region_assessment_id))


@router.get("/regional-assessments/{region_assessment_id}/file", response_class=Response)
def get_file(session: ReadSession, region_assessment_id: FormId, form: Format = "csv") -> Response:
    """The form as a table that can be filled in and imported again."""
    found = service.form_of(session, region_assessment_id)
    stem = f"region-{found.region}-{found.year}-{found.standard_id}"
    body, media_type, headers = export.as_file(form, stem, table.rows_of(found), table.HEAD)
    return Response(body, media_type=media_type, headers=headers)


@router.post("/regional-assessments/{region_assessment_id}/submit")
def post_submit(
    request: Request,
    session: WriteSession,
    caller: CallerIs,
    region_assessment_id: FormId,
    body: out.RegionStepIn,
) -> out.RegionFormOut:
    """Freeze values, sources, platform figures and result."""
    kept = sealing.submit(session, region_assessment_id, body, caller.display_name, utc_now())
    line = request.state.line  # the journal keeps the hash apart from the content
    more = {"sha256": kept.sha256, "revision": kept.revision}
    request.state.line = replace(line, target={**line.target, **more})
    return service.form_of(session, region_assessment_id)


@router.post("/regional-assessments/{region_assessment_id}/reopen")
def post_reopen(
    session: WriteSession, caller: CallerIs, region_assessment_id: FormId, body: out.RegionStepIn
) -> out.RegionFormOut:
    """Open a submitted form for a new revision; what was frozen stays."""
    sealing.reopen(session, region_assessment_id, body, caller.display_name, utc_now())
    return service.form_of(session, region_assessment_id)


@router.get("/regional-assessments/{region_assessment_id}/revisions")
def get_revisions(session: ReadSession, region_assessment_id: FormId) -> list[out.RegionRevisionOut]:
    """What was submitted, and whether it is still as it was."""
    return sealing.revisions(session, region_assessment_id)


@router.get("/regional-assessments/{region_assessment_id}/revisions/{revision}", response_class=Response)
def get_revision(session: ReadSession, region_assessment_id: FormId, revision: Revision) -> Response:
    """What was submitted, byte for byte: its SHA-256 is that of the list."""
    content = sealing.document_of(session, region_assessment_id, revision)
    return Response(content, media_type="application/json")
