"""The OpenAPI document is made once in a process, and tells of every route whatever the settings are."""

from chejian_cloud.access.policy import RULES, below_api
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_contract.config import Seconds

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def test_apps_of_one_process_share_one_document_with_every_route() -> None:
    first = create_app(Settings(dsn=NOWHERE))
    other = create_app(Settings(dsn=f"{NOWHERE}-else", hold=Seconds(1)))
    document = other.openapi()
    assert first.openapi() is document
    told = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert told == {route for route in RULES if below_api(route)}
    assert document["info"]["title"] == first.title
