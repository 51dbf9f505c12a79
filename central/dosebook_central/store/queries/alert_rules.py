"""Alert rules, shipped and own, in all their versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, func, insert, select

from dosebook_central.domain.alerts.rule import Rule, from_json, to_json
from dosebook_central.domain.alerts.shipped import shipped_rules
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.dose_models import AlertRule

_SHIPPED: Final = "as shipped"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """The latest version of a rule; a shipped one that nobody changed has no date."""

    rule: Rule
    is_enabled: bool
    changed_by: str = _SHIPPED
    changed_at: datetime | None = None


def list_rules(connection: Connection, library: Library) -> list[StoredRule]:
    """Return all rules, shipped and own, each in its latest version, by id."""
    found = {one.rule.id: StoredRule(one.rule, one.is_enabled) for one in shipped_rules(library)}
    latest = (
        select(AlertRule.id, func.max(AlertRule.version).label("version"))
        .group_by(AlertRule.id)
        .subquery()
    )
    rows = connection.execute(
        select(AlertRule.__table__).join(
            latest, and_(latest.c.id == AlertRule.id, latest.c.version == AlertRule.version)
        )
    )
    for row in rows:
        found[row.id] = StoredRule(
            from_json(row.body), row.is_enabled, row.changed_by, row.changed_at
        )
    return [found[rule_id] for rule_id in sorted(found)]


def rules_revision(connection: Connection) -> str:
    """Return a text that changes with every change of a rule."""
    row = connection.execute(select(func.count(), func.max(AlertRule.changed_at))).one()
    return f"{row[0]}:{row[1]}"


def rule_versions(connection: Connection, rule_id: str) -> list[StoredRule]:
    """Return the stored versions of a rule, the newest first."""
    rows = connection.execute(
        select(AlertRule.__table__)
        .where(AlertRule.id == rule_id)
        .order_by(AlertRule.version.desc())
    )
    return [
        StoredRule(from_json(row.body), row.is_enabled, row.changed_by, row.changed_at)
        for row in rows
    ]


def version_before(connection: Connection, library: Library, rule_id: str) -> StoredRule | None:
    """Return what a rule said before its latest version: that of a new rule is None."""
    stored = rule_versions(connection, rule_id)
    if len(stored) > 1:
        return stored[1]
    shipped = (one for one in shipped_rules(library) if stored and one.rule.id == rule_id)
    return next((StoredRule(one.rule, one.is_enabled) for one in shipped), None)


def save_rule(
    connection: Connection, rule: Rule, *, is_enabled: bool, actor: str, now: datetime
) -> int:
    """Add a version of a rule and return its number; earlier versions stay."""
    highest = connection.scalar(select(func.max(AlertRule.version)).where(AlertRule.id == rule.id))
    version = (highest or 1) + 1  # a shipped rule is version 1
    body = to_json(rule) | {"version": version}
    connection.execute(
        insert(AlertRule).values(
            id=rule.id,
            version=version,
            is_enabled=is_enabled,
            body=body,
            changed_by=actor,
            changed_at=now,
        )
    )
    return version
