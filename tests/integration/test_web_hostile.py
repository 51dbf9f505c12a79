"""What hostile requests and uploads make of the pages: an answer with a reason, never an error."""

import io
import re
import warnings
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from tests.support.box import image
from tests.support.seed import add_people
from tests.support.web import make_site, post, token_of


@pytest.fixture
def site(tmp_path, engine):
    """The pages over an empty database of either engine."""
    add_people(engine)
    site = make_site(tmp_path, engine)
    yield site
    site.importer.stop()


@pytest.mark.parametrize("text", ["a\0b", "' OR 1=1 --%", "9" * 40])
def test_no_text_makes_an_address_or_a_form_fail(site, text):
    """Whatever stands in an address, a query or a form, on either engine, has an answer."""
    client = site.client("administrator")
    token = token_of(client.get("/patients").get_data(as_text=True))
    fields = dict.fromkeys(("q", "box", "profile", "after", "note", "path", "name", "rule"), text)
    failed = []
    for rule in site.app.url_map.iter_rules():
        for method in rule.methods & {"GET", "POST"}:
            path = re.sub(r"<(\w+:)?\w+>", quote(text[:200], safe=""), rule.rule)
            if rule.endpoint in {"login.leave", "profile.change_password"}:
                continue
            if method == "GET":
                answer = client.get(path, query_string=fields)
            else:
                answer = client.post(path, data={"csrf_token": token, **fields})
            if answer.status_code >= 500:
                failed.append((method, rule.rule))
            answer.close()
    assert failed == []


def test_a_strangers_nul_is_no_error(site):
    """What is typed as a login may be anything, before anybody is known."""
    client = site.client()
    assert post(client, "/login", "/login", login="a\0b", password="x").status_code == 400


@pytest.mark.parametrize(
    "names",
    [
        ("x\0y",),
        ("撮影" * 80 + ".dcm",),  # 480 bytes in UTF-8, 160 characters
        ("scan", "scan/1"),
        ("/".join(["d" * 100] * 60),),
        ("../../../up", "..\\..\\up", "/etc/up", "C:\\up"),
    ],
)
def test_no_name_of_an_upload_makes_it_fail_or_leave_its_folder(site, tmp_path, names):
    """Files of any name are imported, and none is written outside of the folder of uploads."""
    client = site.client("physicist")
    token = token_of(client.get("/imports").get_data(as_text=True))
    files = [(io.BytesIO(b"a"), name) for name in names]
    answer = client.post("/imports", data={"csrf_token": token, "files": files})
    assert answer.status_code == 302
    site.importer.stop()
    page = client.get(answer.location).get_data(as_text=True)
    assert f"{len(names)} of {len(names)}" in page or "skipped" in page
    assert not any((folder / "up").exists() for folder in (tmp_path, tmp_path.parent))


HOSTILE = "\"'><img src=x onerror=alert(1)>"


class _Handlers(HTMLParser):
    """Elements that a hostile text made, and the addresses of a page."""

    def __init__(self):
        super().__init__()
        self.found, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.found += [(tag, name) for name, _ in attrs if name.startswith("on")]
        self.addresses += [value for name, value in attrs if name in {"href", "hx-get"} and value]


def test_no_text_of_an_object_becomes_part_of_a_page(registry, tmp_path):
    """Markup in every text of an image is shown as text on each page that can be reached."""
    texts = dict.fromkeys(
        "PatientName PatientID AccessionNumber StudyDescription SeriesDescription ProtocolName "
        "Manufacturer ManufacturerModelName DeviceSerialNumber StationName InstitutionName "
        "BodyPartExamined FilterMaterial ViewPosition ReferringPhysicianName".split(),
        HOSTILE,
    )
    when = {"StudyDate": "20260302", "StudyTime": "101010", "PatientBirthDate": "19700101"}
    with warnings.catch_warnings(action="ignore"):
        image(**texts, **when).save_as(tmp_path / "a.dcm", enforce_file_format=True)
    add_people(registry.engine)
    site = make_site(tmp_path, registry.engine)
    site.importer.run([tmp_path / "a.dcm"], "physicist")
    client = site.client("administrator")
    token = token_of(client.get("/patients").get_data(as_text=True))
    found = client.post("/patients", data={"csrf_token": token, "q": "onerror"})
    todo, seen, shown = ["/", "/procedures", "/machines", "/imports", "/quarantine"], set(), 0
    html = found.get_data(as_text=True)
    while len(seen) < 60:
        page = _Handlers()
        page.feed(html)
        assert page.found == []
        shown += "onerror" in html
        todo += [one.partition("#")[0] for one in page.addresses if one.startswith("/")]
        todo = [one for one in todo if one not in seen and not one.startswith("/static")]
        seen.add(todo[0])
        answer = client.get(todo.pop(0))
        html = answer.get_data(as_text=True) if "html" in answer.content_type else ""
        answer.close()
    assert shown > 5, "hardly a page showed it"
    site.importer.stop()
