"""Who may open what: each right against each endpoint, CSRF, sessions and headers."""

import threading
from dataclasses import replace
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, func, select
from werkzeug.routing import IntegerConverter

from dosebook_central.access.rights import ROLES, Right
from dosebook_central.access.users import end_sessions
from dosebook_central.store.models import AuditEvent
from dosebook_central.web.gate import PERSONAL, PUBLIC, requirement
from dosebook_central.web.views import login
from tests.support.seed import PASSWORD
from tests.support.web import make_site, post, token_of

# What each endpoint asks for. A new page is added here, or its test fails.
NEEDS = {
    "login.form": PUBLIC,
    "login.enter": PUBLIC,
    "login.leave": PERSONAL,
    "service.healthz": PUBLIC,
    "service.session_state": PUBLIC,
    "service.theme": PUBLIC,
    "service.browser": PUBLIC,
    "static": PUBLIC,
    "home.show": PERSONAL,
    "patients.form": Right.PATIENT_READ,
    "patients.search": Right.PATIENT_READ,
    "history.show": Right.PATIENT_READ,
    "cumulative.show": Right.PATIENT_READ,
    "exams.show": Right.PATIENT_READ,
    "exams.measure": Right.EVIDENCE_READ,
    "exams.event": Right.EVIDENCE_READ,
    "exams.derived": Right.EVIDENCE_READ,
    "exams.reading": Right.EVIDENCE_READ,
    "exams.download": Right.EVIDENCE_DOWNLOAD,
    "skin_dose.show": Right.PATIENT_READ,
    "skin_dose.preview": Right.PATIENT_READ,
    "skin_dose.retry": Right.DOSIMETRY_MANAGE,
    "skin_dose.call_off": Right.DOSIMETRY_MANAGE,
    "orders.correct": Right.ORDER_ASSIGN,
    "alerts.show": Right.PATIENT_READ,
    "alerts.rules": Right.STATISTICS_READ,
    "alerts.rule": Right.STATISTICS_READ,
    "alerts.change": Right.DOSIMETRY_MANAGE,
    "alerts.undo": Right.DOSIMETRY_MANAGE,
    "at_risk.show": Right.RISK_READ,
    "reference_levels.show": Right.STATISTICS_READ,
    "reference_levels.table": Right.STATISTICS_READ,
    "reference_levels.exams": Right.STATISTICS_READ,
    "reference_levels.sample": Right.STATISTICS_READ,
    "boxes.show": Right.BOX_READ,
    "boxes.instruments": Right.BOX_READ,
    "unassigned.show": Right.READING_ASSIGN,
    "unassigned.show_one": Right.READING_ASSIGN,
    "unassigned.assign": Right.READING_ASSIGN,
    "unassigned.set_aside": Right.READING_ASSIGN,
    "unassigned.undo": Right.READING_ASSIGN,
    "same_exams.show": Right.EXAM_JOIN,
    "same_exams.decide": Right.EXAM_JOIN,
    "same_exams.undo": Right.EXAM_JOIN,
    "quarantine.show": Right.QUARANTINE_READ,
    "quarantine.replay": Right.QUARANTINE_RESOLVE,
    "quarantine.dismiss": Right.QUARANTINE_RESOLVE,
    "quarantine.reopen": Right.QUARANTINE_RESOLVE,
    "screens.show": Right.SCREEN_REVIEW,
    "screens.confirm_value": Right.SCREEN_REVIEW,
    "screens.reject": Right.SCREEN_REVIEW,
    "screens.void": Right.SCREEN_REVIEW,
    "screens.undo": Right.SCREEN_REVIEW,
    "screens.settle": Right.SCREEN_REVIEW,
    "screens.export": Right.SCREEN_REVIEW,
    "screens.frame": Right.EVIDENCE_READ,
    "screen_profiles.show": Right.SCREEN_REVIEW,
    "screen_profiles.begin": Right.SCREEN_REVIEW,
    "screen_profiles.edit": Right.SCREEN_REVIEW,
    "screen_profiles.add_pictures": Right.SCREEN_REVIEW,
    "screen_profiles.picture": Right.SCREEN_REVIEW,
    "screen_profiles.delete_picture": Right.SCREEN_REVIEW,
    "screen_profiles.download": Right.SCREEN_REVIEW,
    "screen_profiles.delete": Right.SCREEN_REVIEW,
    "screen_drawing.save": Right.SCREEN_REVIEW,
    "screen_drawing.faults": Right.SCREEN_REVIEW,
    "screen_drawing.read": Right.SCREEN_REVIEW,
    "imports.show": Right.IMPORT_RUN,
    "imports.upload": Right.IMPORT_RUN,
    "imports.job": Right.IMPORT_RUN,
    "audit.export": Right.AUDIT_READ,
    "audit.show": Right.AUDIT_READ,
    "audit.verify": Right.AUDIT_READ,
    "people.show": Right.USER_MANAGE,
    "people.add": Right.USER_MANAGE,
    "people.edit": Right.USER_MANAGE,
    "people.change_rights": Right.USER_MANAGE,
    "people.unlock": Right.USER_MANAGE,
    "people.change_active": Right.USER_MANAGE,
    "people.reset": Right.USER_MANAGE,
    "sets.show": Right.EVIDENCE_READ,
    "sets.show_one": Right.EVIDENCE_READ,
    "sets.changes": Right.EVIDENCE_READ,
    "sets.turn": Right.DOSIMETRY_MANAGE,
    "sets.accept": Right.DOSIMETRY_MANAGE,
    "procedures.show": Right.PATIENT_READ,
    "procedures.show_name": Right.PATIENT_READ,
    "procedures.search": Right.PROCEDURE_MAP,
    "procedures.confirm": Right.PROCEDURE_MAP,
    "procedures.ignore": Right.PROCEDURE_MAP,
    "procedures.undo": Right.PROCEDURE_MAP,
    "procedures.accept": Right.PROCEDURE_MAP,
    "procedures.undo_batch": Right.PROCEDURE_MAP,
    "procedures.learn": Right.PROCEDURE_MAP,
    "devices.show": Right.STATISTICS_READ,
    "devices.show_one": Right.STATISTICS_READ,
    "devices.decide": Right.DOSIMETRY_MANAGE,
    "devices.undo": Right.DOSIMETRY_MANAGE,
    "profile.password": PERSONAL,
    "profile.change_password": PERSONAL,
}


_NOBODY = 4711  # no account has this id: what is allowed here must change nobody


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An empty registry with one person of each role."""
    made = make_site(tmp_path_factory.mktemp("site"))
    yield made
    made.importer.stop()
    made.engine.dispose()


def _routes(app):
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            values = {
                name: _NOBODY if isinstance(rule._converters[name], IntegerConverter) else "x"
                for name in rule.arguments
            }
            built = app.url_map.bind("localhost").build(
                rule.endpoint, values, method=next(iter(rule.methods - {"HEAD", "OPTIONS"}))
            )
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield rule.endpoint, method, built


def test_every_endpoint_states_what_it_needs(site):
    """The table above and the application agree, in both directions."""
    found = {
        rule.endpoint: requirement(site.app, rule.endpoint)
        for rule in site.app.url_map.iter_rules()
    }
    assert found == NEEDS


@pytest.mark.parametrize("role", ROLES)
def test_r78_each_role_against_each_endpoint(site, role):
    """R78: a person without the right gets 403 and a line in the log, never the page."""
    client = site.client(role)
    token = token_of(client.get("/").get_data(as_text=True))
    for endpoint, method, path in _routes(site.app):
        needed = NEEDS[endpoint]
        if needed in {PUBLIC, PERSONAL}:
            continue
        answer = client.open(path, method=method, headers={"X-CSRFToken": token})
        if needed in ROLES[role].rights:
            assert answer.status_code not in {401, 403}, (endpoint, answer.status_code)
        else:
            assert answer.status_code == 403, (endpoint, answer.status_code)


def test_strangers_are_sent_to_the_login(site):
    """Without a session every page but the public ones leads to the login."""
    client = site.client()
    token = token_of(client.get("/login").get_data(as_text=True))
    for endpoint, method, path in _routes(site.app):
        if NEEDS[endpoint] == PUBLIC:
            continue
        answer = client.open(path, method=method, headers={"X-CSRFToken": token})
        assert answer.status_code == 302, endpoint
        assert answer.location.startswith("/login"), endpoint


def test_a_part_of_a_page_leads_back_to_its_page(site):
    """A click in a page whose session ended leads to the sign-in, and from there to that page."""
    address = "http://localhost/exams/e1?region=chest"
    headers = {"HX-Request": "true", "HX-Current-URL": address}
    answer = site.client().get("/exams/e1/measures/0", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/exams/e1?region%3Dchest"


def test_an_open_page_can_ask_who_is_signed_in(site):
    """The answer names the login and a token that forms take, and nobody before the sign-in."""
    stranger = site.client().get("/session").get_json()
    assert stranger["login"] == ""
    client = site.client("physicist")
    told = client.get("/session").get_json()
    assert told["login"] == "physicist"
    answer = client.post("/theme", data={"theme": "dark", "csrf_token": told["token"]})
    assert answer.status_code == 302


def test_every_post_needs_a_csrf_token(site):
    """No form is taken without the token of this session."""
    client = site.client("administrator")
    for endpoint, method, path in _routes(site.app):
        if method == "POST":
            assert client.post(path).status_code == 400, endpoint


def test_security_headers_on_every_kind_of_answer(site):
    """Pages, errors and redirects carry the policy, and no page is kept anywhere."""
    client = site.client("physicist")
    for path in ("/", "/patients", "/no-such-page", "/login", "/healthz"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_session_cookie_is_http_only_lax_and_secure(tmp_path):
    """Over HTTPS the session cookie is Secure, HttpOnly and SameSite=Lax, and HSTS is sent."""
    site = make_site(tmp_path, secure_cookies=True)
    client = site.app.test_client()
    page = client.get("/login", base_url="https://localhost")
    answer = client.post(
        "/login",
        base_url="https://localhost",
        data={
            "login": "physicist",
            "password": PASSWORD,
            "csrf_token": token_of(page.get_data(as_text=True)),
        },
    )
    cookie = next(
        one for one in answer.headers.getlist("Set-Cookie") if one.startswith("dosebook=")
    )
    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie  # a browser whose clock is ahead would throw it away
    assert "Strict-Transport-Security" in answer.headers
    site.engine.dispose()


def test_a_session_ends_when_idle_by_the_registrys_clock(tmp_path, monkeypatch):
    """An hour without a click; a clock that is set back asks for a sign-in and takes it."""
    site = make_site(tmp_path)
    at = [1_800_000_000]
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: at[0])
    client = site.client("physicist")
    answers = []
    for minutes in (59, 59, 61):
        at[0] += 60 * minutes
        answers.append(client.get("/patients").status_code)
    assert answers == [200, 200, 302]
    client = site.client("physicist")
    at[0] -= 3600
    assert client.get("/patients").status_code == 302
    assert site.client("physicist").get("/patients").status_code == 200
    site.engine.dispose()


def test_logout_ends_every_session_of_the_account(site):
    """A copied cookie is worth nothing after its owner signed out."""
    first, second = site.client("radiologist"), site.client("radiologist")
    assert post(first, "/", "/logout").status_code == 302
    assert second.get("/").location.startswith("/login")


def test_session_of_an_older_epoch_is_refused(site):
    """Ending sessions on the server ends them in the browser at the next click."""
    client = site.client("director")
    with site.engine.begin() as connection:
        for number in range(1, 9):
            end_sessions(connection, number)
    assert client.get("/").location.startswith("/login")


def test_first_password_has_to_be_changed_before_anything_else(site):
    """Until the handed-out password is changed, every page leads to the change."""
    admin = site.client("administrator")
    page = post(admin, "/people", "/people", login="newcomer", name="N. Comer", role="physicist")
    text = page.get_data(as_text=True)
    password = text.split("<code>")[1].split("</code>")[0]
    client = site.app.test_client()
    post(client, "/login", "/login", login="newcomer", password=password)
    assert client.get("/").location == "/profile"
    changed = post(
        client,
        "/profile",
        "/profile/password",
        current=password,
        new="four loud mountains",
        again="four loud mountains",
    )
    assert changed.location == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("login", ["physicist", "nobody at all"])
def test_login_errors_tell_nothing(site, login):
    """A wrong password and an unknown login give the same answer."""
    client = site.client()
    answer = post(client, "/login", "/login", login=login, password="wrong wrong wrong")
    assert answer.status_code == 401
    assert "do not belong together" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",  # browsers leave the tab out
        "/\n/evil.example",
        "/\t\\evil.example",
    ],
)
def test_login_leads_nowhere_else(site, target):
    """The page to go on to after a login is always one of this registry."""
    client = site.client()
    answer = post(
        client, "/login", f"/login?next={quote(target)}", login="data-manager", password=PASSWORD
    )
    assert answer.location == "/"


def test_many_who_sign_in_do_not_take_the_pages_from_others(site, monkeypatch):
    """Passwords are checked few at a time: the next is told to try again, pages go on as before."""
    client = site.client("data-manager")
    one_at_a_time = threading.BoundedSemaphore(1)
    monkeypatch.setattr(login, "_AT_A_TIME", one_at_a_time)
    with one_at_a_time:
        answer = post(site.client(), "/login", "/login", login="physicist", password=PASSWORD)
        assert answer.status_code == 503
        assert "Try again in a few seconds" in answer.get_data(as_text=True)
        assert client.get("/patients").status_code == 200
    answer = post(site.client(), "/login", "/login", login="physicist", password=PASSWORD)
    assert answer.status_code == 302


def test_login_leads_back(site):
    """After a login a person is where they wanted to be, filters included."""
    client = site.client()
    answer = post(
        client,
        "/login",
        f"/login?next={quote('/screens?state=waiting&box=ct%201')}",
        login="data-manager",
        password=PASSWORD,
    )
    assert answer.location == "/screens?state=waiting&box=ct%201"


def test_r84_login_and_refusal_are_logged_without_what_was_typed(site):
    """R84: logins, failures and refusals are lines; what was typed as a login never is."""
    client = site.client("auditor")
    client.get("/patients")
    post(site.client(), "/login", "/login", login="my secret password", password="x")
    with site.engine.connect() as connection:
        lines = connection.execute(select(AuditEvent.actor, AuditEvent.action)).all()
        typed = connection.execute(
            select(func.count()).where(AuditEvent.actor.contains("secret"))
        ).scalar_one()
    assert ("auditor", "session.start") in lines
    assert ("auditor", "page.refuse") in lines
    assert ("-", "session.refuse") in lines
    assert typed == 0


def test_missing_bundle_names_the_cure(site, monkeypatch, tmp_path):
    """Without the built scripts and styles the answer says how to build them."""
    from dosebook_central.web import assets

    monkeypatch.setattr(assets.Assets.__init__, "__defaults__", (tmp_path / "manifest.json",))
    other = make_site(tmp_path)
    answer = other.app.test_client().get("/login")
    assert answer.status_code == 503
    assert "make" in answer.get_data(as_text=True)
    other.engine.dispose()


def test_r93_old_browsers_get_a_readable_page(site):
    """R93: the notice for old browsers is plain HTML with nothing that they cannot read."""
    text = site.client().get("/browser").get_data(as_text=True)
    assert "newer browser" in text
    assert "<script" not in text
    assert "nomodule" in site.client().get("/login").get_data(as_text=True)


def test_health_tells_a_registry_that_takes_no_doses_in_from_one_that_is_down(tmp_path):
    """Monitoring is told by code and by reason, before the boxes' records pile up."""
    told = [""]
    site = make_site(tmp_path, intake_trouble=lambda: told[0])
    nowhere = create_engine(f"sqlite:///{tmp_path}/no-folder/registry.db")
    for code, status, reason in (
        (200, "ok", ""),
        (503, "degraded", "the disk of the evidence folder is full"),
        (503, "failing", "the database does not answer"),
    ):
        told[0] = reason
        if status == "failing":
            site.app.extensions["dosebook"] = replace(
                site.app.extensions["dosebook"], engine=nowhere
            )
        answer = site.client().get("/healthz")
        assert (answer.status_code, answer.json["status"]) == (code, status)
        assert answer.json["reason"] == reason
    site.engine.dispose()
