"""Tables of the machines that need no code of their own."""

from collections.abc import Mapping

from chejian_contract.states import MachineState as S

from chejian_simulators.energy import Carrier
from chejian_simulators.machines.process import Kind, Reading, Use

HEAVY_LATHE_CODES: Mapping[S, int] = {
    S.PRODUCING: 10,
    S.SETUP: 20,
    S.FAULT: 30,
    S.STOPPED: 35,
    S.STARVED: 40,
    S.BLOCKED: 45,
    S.IDLE: 50,
    S.MAINTENANCE: 60,
    S.OFF: 70,
}
"""The same vendor's codes as the machining centres'."""

DAIRY_CODES: Mapping[S, int] = {
    S.PRODUCING: 6,  # Execute
    S.IDLE: 4,  # Idle
    S.FAULT: 9,  # Aborted
    S.STOPPED: 11,  # Held
    S.STARVED: 5,  # Suspended by the machine before it
    S.BLOCKED: 64,  # Suspended by the machine behind it
    S.SETUP: 65,  # changeover
    S.MAINTENANCE: 66,  # cleaning in place
}
"""PackML state numbers (OPC 30050); from 64 on the line builder's own, for what PackML tells by mode and reason."""

HEAVY_LATHE = Kind(
    codes=HEAVY_LATHE_CODES,
    readings={
        "Chuck/Speed": Reading(running=18.0, resting=0.0, lag_s=4.0, scatter=0.1, digits=1),
        "Chuck/Torque": Reading(running=42.0, resting=0.0, lag_s=4.0, scatter=1.5, digits=1),
        "Hydraulics/Pressure": Reading(running=6.3, resting=5.8, lag_s=20.0, scatter=0.02, digits=2),
    },
    uses={Carrier.ELECTRICITY: Use(running=96.0, resting=14.0, states={S.OFF: 0.4, S.SETUP: 19.0})},
)
"""Rotors up to 40 t between centres: 18 rpm at 42 kN.m are 79 kW at the chuck."""

EVAPORATOR = Kind(
    codes=DAIRY_CODES,
    readings={
        "Product/Temperature": Reading(running=68.0, resting=30.0, lag_s=240.0, scatter=0.15, digits=1),
        "Vacuum/Pressure": Reading(running=21.0, resting=98.0, lag_s=120.0, scatter=0.3, digits=1),
        "Concentrate/Solids": Reading(running=48.0, resting=12.0, lag_s=300.0, scatter=0.3, digits=1),
    },
    uses={
        Carrier.ELECTRICITY: Use(running=118.0, resting=22.0, states={S.MAINTENANCE: 64.0}),
        Carrier.STEAM: Use(running=2650.0, resting=140.0, states={S.MAINTENANCE: 900.0}),
        Carrier.WATER: Use(running=3.2, resting=0.3, states={S.MAINTENANCE: 14.0}),
    },
    tells_order=True,
)
"""Falling film with mechanical vapour recompression; cleaning takes most of the water."""

SPRAY_DRYER = Kind(
    codes=DAIRY_CODES,
    readings={
        "Inlet/Temperature": Reading(running=185.0, resting=60.0, lag_s=180.0, scatter=0.8, digits=1),
        "Outlet/Temperature": Reading(running=86.0, resting=45.0, lag_s=180.0, scatter=0.4, digits=1),
        "Filter/PressureDrop": Reading(running=1.1, resting=0.1, lag_s=30.0, scatter=0.02, digits=2),
        "Feed/Pressure": Reading(running=18.0, resting=0.0, lag_s=20.0, scatter=0.15, digits=1),
    },
    uses={
        Carrier.ELECTRICITY: Use(running=236.0, resting=38.0, states={S.MAINTENANCE: 52.0}),
        Carrier.STEAM: Use(running=5200.0, resting=420.0, states={S.MAINTENANCE: 600.0}, per_kelvin=31.0),
        Carrier.WATER: Use(running=0.2, resting=0.1, states={S.MAINTENANCE: 9.0}),
        Carrier.COMPRESSED_AIR: Use(running=95.0, resting=10.0),
    },
    tells_order=True,
)
"""Two-stage dryer; its 62 t/h of air need 31 kg/h more steam for each kelvin colder (1.006 kJ/kg K, 2,000 kJ/kg steam)."""

FILLING_LINE = Kind(
    codes=DAIRY_CODES,
    readings={
        "Fill/Weight": Reading(running=25.03, resting=0.0, lag_s=0.5, scatter=0.02, digits=2),
        "Head/Temperature": Reading(running=31.0, resting=22.0, lag_s=600.0, scatter=0.1, digits=1),
    },
    uses={
        Carrier.ELECTRICITY: Use(running=12.5, resting=3.4, states={S.MAINTENANCE: 2.0}),
        Carrier.COMPRESSED_AIR: Use(running=62.0, resting=8.0),
    },
    rework=True,
    tells_order=True,
)
"""Bags under nitrogen; the weight of the last one is told."""

PACKING_LINE = Kind(
    codes=DAIRY_CODES,
    readings={
        "Conveyor/Speed": Reading(running=0.35, resting=0.0, lag_s=2.0, scatter=0.005, digits=2),
        "Sealing/Temperature": Reading(running=162.0, resting=120.0, lag_s=300.0, scatter=0.5, digits=1),
    },
    uses={
        Carrier.ELECTRICITY: Use(running=9.0, resting=2.6, states={S.MAINTENANCE: 1.2}),
        Carrier.COMPRESSED_AIR: Use(running=28.0, resting=5.0),
    },
    rework=True,
    tells_order=True,
)
"""Palletiser with a film hood."""

KINDS: Mapping[str, Kind] = {
    "heavy_lathe": HEAVY_LATHE,
    "evaporator": EVAPORATOR,
    "spray_dryer": SPRAY_DRYER,
    "filling_line": FILLING_LINE,
    "packing_line": PACKING_LINE,
}
"""By equipment type."""
