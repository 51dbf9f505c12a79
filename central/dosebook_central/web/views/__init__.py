"""One module per thing a person does; each has one blueprint."""

from dosebook_central.web.views import (
    audit,
    boxes,
    cumulative,
    exams,
    history,
    home,
    imports,
    login,
    patients,
    people,
    profile,
    quarantine,
    reference_levels,
    service,
    sets,
    skin_dose,
)

BLUEPRINTS = (
    login.bp,
    service.bp,
    home.bp,
    patients.bp,
    history.bp,
    cumulative.bp,
    exams.bp,
    skin_dose.bp,
    boxes.bp,
    reference_levels.bp,
    quarantine.bp,
    imports.bp,
    audit.bp,
    people.bp,
    profile.bp,
    sets.bp,
)
