"""A whole box with a dosimeter on its line and a modality that announces its procedure steps."""

import json
import re
import signal
from contextlib import closing
from decimal import Decimal

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dosebook_edge.capture.dicom.contexts import MPPS
from dosebook_edge.capture.instrument.catalogue.loader import shipped
from dosebook_edge.capture.instruments import InstrumentSources
from dosebook_edge.capture.room import Room
from dosebook_edge.capture.source import CaptureError
from dosebook_edge.clock import BoxClock
from dosebook_edge.config import load as load_config
from dosebook_edge.outbox.schema import connect
from dosebook_edge.simulate.instrument.lines import PtyLine
from dosebook_edge.simulate.instrument.plan import Pace, exposures_of
from dosebook_edge.simulate.instrument.profile import load
from dosebook_edge.simulate.instrument.stage import playing
from tests.support.box import (
    BoxProcess,
    association,
    box_command,
    configuration,
    opened_outbox,
    running_box,
)
from tests.support.waiting import eventually

WAIT_S = 60
OFFLINE = ("[uplink]", "enabled = false")
QUICK = {
    "every_s = 2 ": "every_s = 0.1 ",
    "every_active_s = 0.5 ": "every_active_s = 0.1 ",
}


class Clock:
    """Time of the simulated meter, which only moves when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def dap(folder, **keys):
    """A configuration with a DICOM source and a DAP meter that is asked often."""
    text = shipped()["ptw-diamentor"].read_text()
    for slow, quick in QUICK.items():
        assert slow in text
        text = text.replace(slow, quick)
    (folder / "ptw-diamentor.toml").write_text(text)
    table = {
        "kind": "instrument",
        "name": "dap",
        "profile": str(folder / "ptw-diamentor.toml"),
        "address": str(folder / "meter"),
        "idle": "1s",
        "calibration_factor": "1.1",
        "dap_position": "after table",
    } | keys
    lines = ["[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return configuration(folder, *OFFLINE, *lines, name="rf")


def sources(config):
    """State of the sources by name, as the box last wrote it."""
    status = config.parent / "data" / "status.json"
    if not status.exists():
        return {}
    return {one["name"]: one for one in json.loads(status.read_text())["sources"]}


def detail(config):
    """What the meter's source says of itself."""
    return sources(config).get("dap", {}).get("detail", "")


def exposures(config):
    """Sequence numbers of the records of the meter."""
    query = "SELECT sequence FROM record WHERE source_kind = 'instrument' ORDER BY sequence"
    with closing(connect(config.parent / "data" / "outbox.db", read_only=True)) as connection:
        return [row[0] for row in connection.execute(query)]


def announce(box, uid):
    """A modality announces a procedure step."""
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = "IN PROGRESS"
    dataset.PatientID = "T-1"
    dataset.Modality = "RF"
    with association(box.ports["rf"], MPPS) as assoc:
        assert assoc.send_n_create(dataset, MPPS, uid)[0].Status == 0x0000


def shown(config, sequence):
    """One record without its patient, as `outbox show` prints it."""
    return json.loads(box_command(config, "outbox", "show", str(sequence), "--json").stdout)


@pytest.mark.timeout(120)
def test_an_exposure_is_attached_to_a_step_that_began_before_a_power_cut(tmp_path):
    """The step was announced, the box lost power and came back: the exposure is still the step's.

    What the meter counted meanwhile is one exposure of its own, incomplete and the step's as well,
    because that step was in progress all the time.
    """
    meter = load("ptw-diamentor")
    pace = Pace(shortest_s=1.0, longest_s=1.0, pause_s=10.0)
    plan = exposures_of(meter, [Decimal("1.50"), Decimal("2.25"), Decimal("4.00")], pace)
    line, clock = PtyLine(tmp_path / "meter"), Clock()
    config = dap(tmp_path)
    uid = generate_uid()
    with playing(meter, plan, line, clock=clock):
        box = BoxProcess(config)
        try:
            announce(box, uid)
            eventually(lambda: "shows" in detail(config), WAIT_S, what="the meter is heard")
            clock.now = 5.0
            eventually(lambda: len(exposures(config)) == 1, WAIT_S, what="1 exposures")
        finally:
            box.end(signal.SIGKILL)
        clock.now = 16.0
        with running_box(config):
            eventually(lambda: len(exposures(config)) == 2, WAIT_S, what="2 exposures")
            clock.now = 30.0
            eventually(lambda: len(exposures(config)) == 3, WAIT_S, what="3 exposures")
    records = [shown(config, one) for one in exposures(config)]
    events = [record["reading"]["events"][0]["values"][0]["value"] for record in records]
    assert [Decimal(one) for one in events] == [Decimal(n) for n in ("0.0165", "0.02475", "0.044")]
    flags = [[one["code"] for one in record["reading"]["deviations"]] for record in records]
    assert flags == [[], ["incomplete:restart"], []]
    assert [record["reading"]["performed_step_uid"] for record in records] == [uid] * 3


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"profile": "ptw-diamentr"}, "did you mean ptw-diamentor?"),
        ({"unit_id": 2}, "does not let a site set unit_id"),
        ({"address": "somewhere"}, "somewhere"),
    ],
)
def test_an_instrument_that_cannot_be_says_why(tmp_path, keys, said):
    """A wrong profile, key or address is told with its cure."""
    (section, _) = load_config(dap(tmp_path, **keys)).settings.source
    with opened_outbox(tmp_path) as outbox:
        source = InstrumentSources("box-1", outbox, BoxClock(), Room()).of(section)
        with pytest.raises(CaptureError, match=re.escape(said)):
            source.start()
        assert (source.health().state, said in source.health().detail) == ("failed", True)


def test_an_instrument_that_is_not_there_fails_alone(tmp_path):
    """Without a meter on its port the source says what to do; DICOM is received all the same."""
    config = dap(tmp_path)
    with running_box(config):
        eventually(lambda: "is not there" in detail(config), WAIT_S, what="the fault is told")
        found = sources(config)
    assert found["dap"]["state"] == "failed"
    assert found["rf"]["state"] == "listening"
