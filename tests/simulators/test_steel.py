"""The steel plant's half-year: every row once, in file order, to the watt-hour; damaged files are refused."""

import gzip
from pathlib import Path

import pytest
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import load_plant
from chejian_simulators.recordings import RecordingError
from chejian_simulators.steel import steel_year
from chejian_simulators.truth import truth_of

EPOCH_MS = 1_795_312_200_000
QUARTER_MS = 900_000
TOTAL_WH = 522_487_940


def test_the_real_file_is_played_whole_and_ends_where_it_is_told_to(recordings: Path) -> None:
    end_ms = EPOCH_MS + 24 * 3_600_000 + 123_456
    model = PlantModel(
        load_plant("jiamusi"), seed=1, epoch_ms=EPOCH_MS, recordings=recordings, replay_end_ms=end_ms
    )
    model.advance(end_ms)
    told = truth_of(model, end_ms)["meters"]["EM-J01"]
    last = end_ms // QUARTER_MS * QUARTER_MS
    assert told["records"] == 17_521
    assert told["first"] == [last - 17_520 * QUARTER_MS, 4_100_000_000]
    assert told["last"] == [last, 4_100_000_000 + TOTAL_WH]
    assert told["last"][1] > 2**32, "the register needs its 64 bits"
    assert told["total"] == TOTAL_WH
    assert told["replay"] == {
        "rows": 17_520,
        "midnight_rows": 182,
        "start_ms": last - 17_520 * QUARTER_MS,
        "end_ms": last,
        "total": TOTAL_WH,
    }
    records = model.metering.meters["EM-J01"].records
    assert [b - a for a, b in zip(records.totals[:5], records.totals[1:6], strict=True)] == [
        3170,
        4000,
        3240,
        3310,
        3820,
    ]
    assert records.rates[1] == pytest.approx(4 * 3170)


def test_behind_its_end_the_meter_stands_still(recordings: Path) -> None:
    model = PlantModel(
        load_plant("jiamusi"), seed=1, epoch_ms=EPOCH_MS, recordings=recordings, replay_end_ms=EPOCH_MS
    )
    model.advance(EPOCH_MS + 4 * QUARTER_MS)
    records = model.metering.meters["EM-J01"].records
    assert len(records) > 17_521
    assert set(records.counters[17_520:]) == {4_100_000_000 + TOTAL_WH}
    assert set(records.rates[17_521:]) == {0.0}


HEAD = "date,Usage_kWh"
GOOD = ["31/01/2018 23:30,1.25", "31/01/2018 23:45,2.5", "31/01/2018 00:00,3.0", "01/02/2018 00:15,4.75"]


def write(folder: Path, rows: list[str], head: str = HEAD) -> Path:
    (folder / "steel").mkdir(exist_ok=True)
    with gzip.open(folder / "steel" / "steel_first_half.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join([head, *rows]) + "\n")
    return folder


def test_a_midnight_row_carries_the_day_before(tmp_path: Path) -> None:
    year = steel_year(write(tmp_path, GOOD), EPOCH_MS)
    assert year.rows_wh == (1250, 2500, 3000, 4750)
    assert year.midnight_rows == 1
    assert year.end_ms == EPOCH_MS // QUARTER_MS * QUARTER_MS
    assert steel_year(tmp_path, year.end_ms).end_ms == year.end_ms - QUARTER_MS, "before, not at"


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        ([GOOD[0], GOOD[2]], HEAD, "line 3: '31/01/2018 00:00' is not 15 min after the row before"),
        ([*GOOD[:2], "01/02/2018 00:00,3.0"], HEAD, "line 4: '01/02/2018 00:00' is not 15 min after"),
        (["01/31/2018 00:15,1"], HEAD, "does not match format"),
        (["31/01/2018 23:30,1.2345"], HEAD, "'1.2345' kWh are no whole Wh"),
        (["31/01/2018 23:30,-1"], HEAD, "'-1' kWh are no whole Wh"),
        (["31/01/2018 23:30,much"], HEAD, "no recording as described"),
        (GOOD, "date,Usage", "no recording as described"),
        ([], HEAD, "no rows; expected columns date and Usage_kWh"),
    ],
)
def test_a_damaged_file_is_refused_with_its_place(
    rows: list[str], head: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError, match="steel_first_half") as caught:
        steel_year(write(tmp_path, rows, head), EPOCH_MS)
    assert message in str(caught.value)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"steel_first_half\.csv\.gz: no recording as described"):
        steel_year(tmp_path, EPOCH_MS)
