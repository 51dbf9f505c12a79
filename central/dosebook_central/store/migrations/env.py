"""Run migrations on the connection that `store.migrate` hands over."""

from alembic import context

from dosebook_central.store.device_models import DeviceDecision
from dosebook_central.store.dose_models import Derivation
from dosebook_central.store.draft_models import ScreenDraft
from dosebook_central.store.same_exam_models import SameExamHint
from dosebook_central.store.screen_models import ScreenValue

_TABLES = (
    Derivation,
    DeviceDecision,
    SameExamHint,
    ScreenDraft,
    ScreenValue,
)  # importing their modules fills the one metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=_TABLES[0].metadata,
    # SQLite cannot alter most of a table in place: Alembic copies it instead.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
