"""One CT that answers two orders: the report names the one, the performed step both."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dosebook_central.coefficients.adopt import adopt_shipped
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import Code, CodedItem
from tests.support.derivation import derive_all
from tests.support.readings import event, reading, step, total
from tests.support.registry import NOW, RegistryUnderTest, SigningBox
from tests.support.seed import add_people

HEAD = Code("69536005", "SCT", "Head")
CHEST = Code("816094009", "SCT", "Chest")


def _scheduled(*orders: tuple[str, str]) -> tuple[CodedItem, ...]:
    return tuple(
        CodedItem(name, text=text, path=f"(0040,0270)[{place}]/{name}")
        for place, (number, words) in enumerate(orders, 1)
        for name, text in (("scheduled_accession_number", number), ("requested_procedure", words))
    )


REPORT = reading(
    accession="A1",
    events=[
        event("1.1", dlp="100.5", phantom="32cm", target_region=HEAD, protocol="Topogram"),
        event("1.2", dlp="200.25", phantom="32cm", target_region=HEAD, protocol="Head"),
        event("1.3", dlp="300", phantom="32cm", target_region=CHEST, protocol="Thorax"),
    ],
    totals=[total("dlp", 601, phantom="32cm")],
)
STEP = reading(
    "mpps",
    uid="1.7",
    accession="A1",
    step=step(),
    performed_step_uid="1.7",
    items=_scheduled(("A1", "CT head"), ("A2", "CT chest")),
)


def take_in(registry: RegistryUnderTest) -> None:
    """Take the CT into a registry with people and sets, and derive it."""
    add_people(registry.engine)
    adopt_shipped(registry.engine, Signer(Ed25519PrivateKey.generate(), "registry"), NOW)
    box = registry.add(SigningBox("ct-1"))
    messages = [
        box.message(data, replace(read, study=replace(read.study, uid="1.9")))
        for data, read in ((b"report", REPORT), (b"step", STEP))
    ]
    assert registry.statuses(*messages) == ["stored", "stored"]
    derive_all(registry)
