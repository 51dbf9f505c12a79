"""Status of a box, from its status file and its outbox."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from dosebook_edge.capture.dicom.associations import stored_refusals
from dosebook_edge.folder import STATUS, is_running
from dosebook_edge.outbox import schema
from dosebook_edge.outbox.store import DATABASE


def read_status(folder: Path) -> dict[str, Any]:
    """All that can be known without asking the running box."""
    try:
        status: dict[str, Any] = json.loads((folder / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        status = {}
    status["running"] = is_running(folder)
    status["refusals"] = _refusals(folder / DATABASE)
    status["needs_attention"] = list(_attention(status))
    return status


def _refusals(database: Path) -> list[dict[str, Any]]:
    if not database.exists():
        return []
    connection = schema.connect(database, read_only=True)
    try:
        return [dataclasses.asdict(one) for one in stored_refusals(connection)]
    finally:
        connection.close()


def _attention(status: dict[str, Any]) -> list[str]:
    if not status["running"]:
        return ["the box does not run: systemctl start dosebook-box, or dosebook-box run"]
    found = [
        f"source {one['name']} is {one['state']}: dosebook-box check sources"
        for one in status.get("sources", ())
        if one["state"] != "listening"
    ]
    if status.get("outbox_level", "ok") != "ok":
        found.append(
            f"the outbox is {status['outbox_used_percent']} % full, its disk "
            f"{status['disk_used_percent']} %: dosebook-box check uplink"
        )
    if status.get("uplink_state") not in ("ready", "disabled"):
        detail = status.get("uplink_detail") or "not connected"
        found.append(f"uplink {status.get('uplink_state')}: {detail}")
    if status.get("clock", {}).get("quality") == "unsynchronised":
        found.append("the clock is not synchronised: dosebook-box check clock")
    days = status.get("certificate_days_left")
    if days is not None and days < 30:
        found.append(f"the certificate ends in {days} days: dosebook-box identity renew")
    return found + list(status.get("config_problems", ()))


def status_text(status: dict[str, Any]) -> str:
    """The same for a terminal."""
    lines = [
        f"box       {status.get('box_id', '?')} {'running' if status['running'] else 'stopped'}"
    ]
    for one in status.get("sources", ()):
        last = (one["last_record_at"] or "none yet")[:19]
        lines.append(
            f"source    {one['name']}: {one['state']}, {one['detail']}, last record {last}, "
            f"refused {one['refused']}"
        )
    if "outbox_waiting" in status:
        lines += [
            _outbox_line(status),
            f"uplink    {status['uplink_state']} {status['uplink_detail']}".rstrip(),
            f"clock     {status['clock']['quality']}",
        ]
    lines += [_refusal_line(one) for one in status["refusals"][:10]]
    lines += [f"attention {one}" for one in status["needs_attention"]]
    return "\n".join(lines)


def _outbox_line(status: dict[str, Any]) -> str:
    return (
        f"outbox    {status['outbox_waiting']} waiting, last {status['outbox_last_sequence']}, "
        f"receipts up to {status['outbox_acknowledged_sequence']}, "
        f"{status['outbox_used_percent']} % full"
    )


def _refusal_line(one: dict[str, Any]) -> str:
    title, peer = one["calling_ae_title"], one["peer"]
    who = f"{title} from {peer}" if title else peer
    return f"refused   {one['count']}× {who} at {one['source']}: {one['reason']}"
