"""HTTP routes of devices and their mapping to equipment."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry import devices
from chejian_cloud.registry.device_schemas import DeviceOut, FeedIn, MetricOut
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["registry"])

DevicesPage = Annotated[Page, Depends(paging({"group": str, "node": str, "device": str}, default=200))]


@router.get("/devices")
def get_devices(
    session: ReadSession,
    page: DevicesPage,
    group: Annotated[
        str | None, Query(max_length=64, description="Only of this Sparkplug group.", examples=["hlj-demo"])
    ] = None,
) -> list[DeviceOut]:
    """Devices that edges have announced, with the equipment that they feed, by group, node and name."""
    return page.cut(devices.devices(session, group, page.part))


@router.get("/devices/{device_id}/metrics")
def get_metrics(
    session: ReadSession, device_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
) -> list[MetricOut]:
    """Signals of a device with their newest stored values, by name."""
    return devices.metrics(session, device_id)


@router.post("/equipment/{equipment_id}/feeds")
def post_feed(session: WriteSession, equipment_id: EquipmentId, body: FeedIn) -> int:
    """Let a device feed an equipment; answers how many hours are computed anew. Sent twice it does the same as once."""
    return devices.add_feed(session, equipment_id, body)


@router.delete("/equipment/{equipment_id}/feeds")
def delete_feed(
    session: WriteSession,
    equipment_id: EquipmentId,
    node: Annotated[str, Query(max_length=64, examples=["HRB-W1"])],
    device: Annotated[str, Query(max_length=64, examples=["CNC-07"])],
    user_name: Annotated[UserName, Query(examples=["王工"])],
) -> int:
    """Let a device feed an equipment no more; answers how many hours are computed anew."""
    return devices.remove_feed(session, equipment_id, node, device, user_name)
