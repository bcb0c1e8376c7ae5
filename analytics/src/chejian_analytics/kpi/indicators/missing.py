"""KPIs of ISO 22400-2 whose inputs no part of the platform delivers yet."""

from chejian_analytics.kpi.definition import MissingKpi

MISSING: tuple[MissingKpi, ...] = (
    MissingKpi(
        id="worker_efficiency",
        name_zh="人员效率",
        name_en="Worker efficiency",
        clause="ISO 22400-2:2014, worker efficiency",
        formula="APWT / APAT",
        needs="personnel work and attendance times",
    ),
    MissingKpi(
        id="inventory_turns",
        name_zh="库存周转率",
        name_en="Inventory turns",
        clause="ISO 22400-2:2014, inventory turns",
        formula="throughput / average inventory",
        needs="inventory levels",
    ),
    MissingKpi(
        id="finished_goods_ratio",
        name_zh="成品率",
        name_en="Finished goods ratio",
        clause="ISO 22400-2:2014, finished goods ratio",
        formula="GQ / CM",
        needs="consumed material",
    ),
    MissingKpi(
        id="integrated_goods_ratio",
        name_zh="综合产品率",
        name_en="Integrated goods ratio",
        clause="ISO 22400-2:2014, integrated goods ratio",
        formula="IGQ / CM",
        needs="consumed material and integrated good quantity",
    ),
    MissingKpi(
        id="production_loss_ratio",
        name_zh="生产损耗率",
        name_en="Production loss ratio",
        clause="ISO 22400-2:2014, production loss ratio",
        formula="PL / CM",
        needs="consumed material and production loss",
    ),
    MissingKpi(
        id="storage_and_transport_loss_ratio",
        name_zh="储运损耗率",
        name_en="Storage and transport loss ratio",
        clause="ISO 22400-2:2014, storage and transport loss ratio",
        formula="STL / CM",
        needs="consumed material, storage and transport loss",
    ),
    MissingKpi(
        id="other_loss_ratio",
        name_zh="其他损耗率",
        name_en="Other loss ratio",
        clause="ISO 22400-2:2014, other loss ratio",
        formula="OL / CM",
        needs="consumed material and other loss",
    ),
    MissingKpi(
        id="equipment_load_ratio",
        name_zh="设备负荷率",
        name_en="Equipment load ratio",
        clause="ISO 22400-2:2014, equipment load ratio",
        formula="PQ / EPC",
        needs="rated or maximum production capacity of the equipment",
    ),
)
