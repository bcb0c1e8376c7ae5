"""HTTP routes of products; an edit takes the ETag of the product as `If-Match`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from chejian_cloud.conditional import SeenBefore, tagged
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry import products
from chejian_cloud.registry.edit_routes import EnterpriseCode
from chejian_cloud.registry.edit_schemas import AddedOut
from chejian_cloud.registry.products import NewProductIn, ProductDetail, ProductIn, ProductOut
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["registry"])

ProductId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the product.", examples=[1])]
ProductPage = Annotated[Page, Depends(paging({"enterprise": str, "code": str}))]


@router.get("/products")
def get_products(
    session: ReadSession,
    page: ProductPage,
    enterprise: Annotated[
        str | None,
        Query(max_length=64, description="Only this enterprise's, by its code.", examples=["hlj-demo"]),
    ] = None,
) -> list[ProductOut]:
    """Products by enterprise and code."""
    return page.cut(products.list_products(session, enterprise, page.part))


@router.get("/products/{product_id}")
def get_product(session: ReadSession, response: Response, product_id: ProductId) -> ProductDetail:
    """One product with its ideal cycles over machines; the ETag is what edits take as `If-Match`."""
    return tagged(response, products.describe(session, product_id))


@router.post("/enterprises/{enterprise}/products", status_code=201)
def post_product(
    session: WriteSession, once: Once, enterprise: EnterpriseCode, body: NewProductIn
) -> AddedOut:
    """Add a product to an enterprise."""
    return once.do(session, lambda: AddedOut(id=products.add(session, enterprise, body)))


@router.put("/products/{product_id}", status_code=204)
def put_product(session: WriteSession, seen: SeenBefore, product_id: ProductId, body: ProductIn) -> None:
    """Rename a product."""
    products.rename(session, product_id, body, seen)


@router.delete("/products/{product_id}", status_code=204)
def delete_product(
    session: WriteSession,
    seen: SeenBefore,
    product_id: ProductId,
    user_name: Annotated[UserName, Query(examples=["王工"])],  # noqa: ARG001 - the journal keeps it
) -> None:
    """Take out a product that no order, ideal cycle or count names; 409 says what does."""
    products.delete(session, product_id, seen)
