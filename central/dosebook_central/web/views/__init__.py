"""One module per thing a person does; each has one blueprint."""

from dosebook_central.web.views import (
    audit,
    boxes,
    exams,
    history,
    home,
    imports,
    login,
    patients,
    people,
    profile,
    quarantine,
    service,
)

BLUEPRINTS = (
    login.bp,
    service.bp,
    home.bp,
    patients.bp,
    history.bp,
    exams.bp,
    boxes.bp,
    quarantine.bp,
    imports.bp,
    audit.bp,
    people.bp,
    profile.bp,
)
