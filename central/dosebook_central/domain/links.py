"""What ties records into one group: the UIDs that they share (P9)."""

from collections.abc import Iterable, Mapping, Sequence

from dosebook_protocol.reading import Outcome, Reading


def link_keys(reading: Reading) -> frozenset[str]:
    """Return the keys of a reading: its study, object, performed step and irradiation events.

    Synthesised event UIDs tie nothing: two exposures may look alike to the one who made them up.
    """
    if reading.outcome is not Outcome.READ:
        return frozenset()
    keys = {f"event:{event.uid}" for event in reading.events if not event.uid_is_synthesised}
    steps = {reading.performed_step_uid, reading.step.uid if reading.step else ""}
    keys |= {f"step:{uid}" for uid in steps if uid}
    if reading.study.uid:
        keys.add(study_key(reading.study.uid))
    if reading.sop_instance_uid:
        keys.add(f"object:{reading.sop_instance_uid}")
    return frozenset(_storable(key) for key in keys)


def study_key(study_uid: str) -> str:
    """Return the key of a study."""
    return _storable(f"study:{study_uid}")


def _storable(key: str) -> str:
    # No UID holds a NUL; a damaged one may, and PostgreSQL's text cannot.
    return key.replace("\0", "")


def join_groups(
    keys_by_record: Mapping[str, frozenset[str]], group_by_key: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Place records in groups that share a key, directly or through others.

    Returns the group of each record, and for each known group that merges into another one, that
    one. Of known groups the first in order stays; a new group is named after its first record.
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = parent[node]
        return node

    for record, keys in keys_by_record.items():
        own = f"record {record}"
        for key in keys:
            parent[root(f"key {key}")] = root(own)
            if key in group_by_key:
                parent[root(f"group {group_by_key[key]}")] = root(own)
    members = _members((node, root(node)) for node in tuple(parent))
    names = {top: _name(nodes) for top, nodes in members.items()}
    groups = {record: names[root(f"record {record}")] for record in keys_by_record}
    merges = {
        known: names[root(f"group {known}")]
        for known in set(group_by_key.values())
        if f"group {known}" in parent and names[root(f"group {known}")] != known
    }
    return groups, merges


def _members(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for node, top in pairs:
        members.setdefault(top, []).append(node)
    return members


def _name(nodes: Sequence[str]) -> str:
    known = sorted(node.removeprefix("group ") for node in nodes if node.startswith("group "))
    records = sorted(node.removeprefix("record ") for node in nodes if node.startswith("record "))
    return known[0] if known else records[0]
