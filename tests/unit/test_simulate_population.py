"""The simulated hospital of many years: seeded, made in ranges, with a realistic mix."""

import json
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from click.testing import CliRunner

from dosebook_edge.simulate.cli import main
from dosebook_edge.simulate.population.hospital import plan

# Effective dose per DLP, mSv/(mGy.cm), adult (AAPM Report 96, table 3), for a rough sum only.
_K = {"ct_head": 0.0021, "ct_neck": 0.0059, "ct_chest": 0.014, "ct_coronary": 0.014}
_OTHER_CT = 0.015
_FDG = 0.019


@pytest.fixture(scope="module")
def exams():
    """The exams of 2,500 people over 20 years."""
    return list(plan(3, 2500))


def test_a_seed_gives_the_same_lives_in_any_ranges():
    """People made side by side in ranges are those made one after another."""
    whole = [exam.as_json() for exam in plan(7, 20)]
    parts = [
        exam.as_json() for first in (0, 8) for exam in plan(7, (8, 12)[first > 0], first=first)
    ]
    assert whole == parts
    assert whole != [exam.as_json() for exam in plan(8, 20)]


def test_exams_are_about_ten_a_person_and_mostly_radiographs(exams):
    """The mix is that of a hospital: ten exams a person, radiographs first, CT next to a fifth."""
    modalities = Counter(exam.modality for exam in exams)
    assert 9 < len(exams) / 2500 < 11.5
    assert modalities.most_common(1)[0][0] == "DX"
    assert 0.1 < modalities["CT"] / len(exams) < 0.25
    assert set(modalities) == {"CT", "DX", "PX", "MG", "XA", "RF", "NM", "PT"}


def test_nobody_is_irradiated_before_birth_and_uids_are_distinct(exams):
    """Ages are never negative; studies and events have UIDs of their own."""
    assert all(exam.person.years_at(exam.started) > -0.01 for exam in exams)
    uids = [event.uid for exam in exams for event in exam.events]
    assert len(set(uids)) == len(uids)
    assert len({exam.study_uid for exam in exams}) == len(exams)


def test_r33_few_are_imaged_recurrently(exams):
    """R33: 0.6 to 3.4 % of the patients with CT come to 100 mSv, as surveys found."""
    total, with_ct = defaultdict(float), set()
    for exam in exams:
        if exam.modality in {"CT", "PT"}:
            numbers = [one for event in exam.events for one in event.values]
            dlp = sum(Decimal(one.value) for one in numbers if one.quantity == "dlp")
            total[exam.person.id] += float(dlp) * _K.get(exam.procedure, _OTHER_CT)
            if exam.modality == "CT":
                with_ct.add(exam.person.id)
            else:
                total[exam.person.id] += _FDG * 250
    recurrent = [person for person in with_ct if total[person] >= 100]
    assert 0.006 < len(recurrent) / len(with_ct) < 0.034


def test_command_writes_one_line_an_exam(tmp_path):
    """`dosebook-simulate population` writes JSON lines and says how many."""
    out = tmp_path / "population.jsonl"
    done = CliRunner().invoke(main, ["population", "--patients", "5", "--out", str(out)])
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert done.exit_code == 0
    assert f"{len(lines)} exams of 5 people over 20 years" in done.stderr
    assert {line["person"]["id"] for line in lines} <= {f"{n:08d}" for n in range(5)}
    assert all(event["values"] for line in lines for event in line["events"])
