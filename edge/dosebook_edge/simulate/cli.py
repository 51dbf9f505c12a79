"""`dosebook-simulate`: simulated modalities that send over real DICOM associations."""

import json
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import click
from pydicom.dataset import Dataset

from dosebook_edge.simulate import carm, ct, dx, hospital, mammo, petct
from dosebook_edge.simulate.exam import Exam
from dosebook_edge.simulate.instrument.command import instrument_command
from dosebook_edge.simulate.population.hospital import plan
from dosebook_edge.simulate.scene import SimObject, stored, to_bytes
from dosebook_edge.simulate.screens.cli import screen_command
from dosebook_edge.simulate.send import SendError, SendResult, echo, send, send_files
from dosebook_edge.simulate.truth import ObjectTruth
from dosebook_edge.simulate.vendors import VENDORS, ModalityCode, UnknownVendorError, vendors_of

_NAMES: Final[dict[str, ModalityCode]] = {
    "ct": "CT",
    "carm": "XA",
    "dx": "DX",
    "mammo": "MG",
    "petct": "PT",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """Where to send: an address, two AE titles, TLS or not."""

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str
    tls: ssl.SSLContext | None

    def send(self, objects: Iterable[SimObject]) -> list[SendResult]:
        """Send objects over one association."""
        return send(
            objects, self.host, self.port, self.called_ae_title, self.calling_ae_title, self.tls
        )


class _Address(click.ParamType[tuple[str, int]]):
    name = "HOST:PORT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Read HOST:PORT."""
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            self.fail(f"{value!r} is not HOST:PORT, as in 127.0.0.1:11112", param, ctx)
        return host.strip("[]"), int(port)


def _peer_options(*, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    options = (
        click.option("--to", type=_Address(), required=required, help="Where the box listens."),
        click.option("--aet", default="DOSEBOOK", show_default=True, help="Called AE title."),
        click.option(
            "--calling", default="DOSEBOOK_SIM", show_default=True, help="Calling AE title."
        ),
        click.option("--tls-ca", type=click.Path(exists=True), help="Use TLS; trust this CA."),
        click.option("--tls-cert", type=click.Path(exists=True), help="Client certificate."),
        click.option("--tls-key", type=click.Path(exists=True), help="Key of the certificate."),
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _peer(options: dict[str, Any]) -> Peer:
    tls = None
    if options["tls_ca"]:
        tls = ssl.create_default_context(cafile=options["tls_ca"])
        if options["tls_cert"]:
            tls.load_cert_chain(options["tls_cert"], options["tls_key"])
    host, port = options["to"]
    return Peer(host, port, options["aet"], options["calling"], tls)


def _seed_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--seed", default=1, show_default=True, help="The same seed sends the same bytes."
    )(command)


_json_option: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_truth_option: Final = click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was sent, as JSON: the ground truth to compare a registry with.",
)


def _history_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--years", default=10, show_default=True, help="How far back --priors goes."),
        click.option("--priors", default=0, help="Send earlier exams of this many patients first."),
        click.option("--exams", default=16, show_default=True, help="Exams of the morning."),
    ):
        command = option(command)
    return command


def _exams(options: dict[str, Any]) -> Iterator[Exam]:
    seed = options["seed"]
    if options["priors"]:
        yield from hospital.priors(seed, options["priors"], options["years"])
    yield from hospital.morning(seed, options["exams"])


def _say(text: str) -> None:
    click.echo(text, err=True)


def _write_truth(path: Path | None, truths: list[dict[str, Any]]) -> None:
    if path is not None:
        path.write_text(json.dumps(truths, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Simulated modalities: dose reports, images and MPPS, sent as real modalities send them."""


@main.command("list")
@_json_option
def list_command(*, as_json: bool) -> None:
    """List the simulated makers and modalities."""
    rows = [
        {
            "vendor": row.key,
            "modality": row.modality,
            "manufacturer": row.manufacturer,
            "model": row.model,
        }
        for row in VENDORS.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for entry in rows:
        click.echo(
            f"{entry['modality']}  {entry['vendor']:<22} {entry['manufacturer']} {entry['model']}"
        )


@main.command("echo")
@_peer_options(required=True)
@_json_option
def echo_command(*, as_json: bool, **options: Any) -> None:
    """Ask whether a DICOM peer answers (C-ECHO)."""
    peer = _peer(options)
    try:
        status = echo(peer.host, peer.port, peer.called_ae_title, peer.calling_ae_title, peer.tls)
    except SendError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps({"status": status}))
    else:
        said = "does not answer" if status is None else f"answers, status 0x{status:04X}"
        click.echo(f"{peer.called_ae_title} at {peer.host}:{peer.port} {said}")
    sys.exit(0 if status == 0 else 1)


@main.command("send")
@_peer_options(required=True)
@_history_options
@_seed_option
@_truth_option
@_json_option
def send_command(*, as_json: bool, truth: Path | None, **options: Any) -> None:
    """Send a morning's work of a small hospital, one association an exam."""
    peer = _peer(options)
    results: list[SendResult] = []
    truths: list[dict[str, Any]] = []
    for number, exam in enumerate(_exams(options), start=1):
        try:
            answers = peer.send(exam.objects)
        except SendError as error:
            _write_truth(truth, truths)
            raise click.ClickException(f"after {len(results)} objects: {error}") from None
        results += answers
        truths.append(exam.truth.as_json())
        taken = sum(answer.is_success for answer in answers)
        _say(f"{number:>4}  {exam.truth.scenario:<18} {taken} of {len(answers)} objects accepted")
    _write_truth(truth, truths)
    _report(results, len(truths), as_json=as_json)


def _report(results: list[SendResult], exams: int | None, *, as_json: bool) -> None:
    failed = [result for result in results if not result.is_success]
    if as_json:
        summary = {
            **({} if exams is None else {"exams": exams}),
            "objects": len(results),
            "accepted": len(results) - len(failed),
            "failed": [asdict(result) for result in failed],
        }
        click.echo(json.dumps(summary, indent=1))
    else:
        of_exams = "" if exams is None else f"{exams} exams, "
        click.echo(f"{of_exams}{len(results)} objects, {len(failed)} not accepted")
        for result in failed:
            said = "no answer" if result.status is None else f"status 0x{result.status:04X}"
            click.echo(f"  {result.kind} {result.sop_instance_uid}: {said}")
    sys.exit(1 if failed else 0)


def _write_files(folder: Path, objects: Iterable[SimObject]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    written: set[str] = set()
    for item in objects:
        if item.kind == "store" and item.sop_instance_uid not in written:
            written.add(item.sop_instance_uid)
            name = f"{len(written):05d}-{item.dataset.Modality.lower()}.dcm"
            (folder / name).write_bytes(to_bytes(item.dataset))
    return len(written)


@main.command("write")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_history_options
@_seed_option
@_truth_option
def write_command(*, folder: Path, truth: Path | None, **options: Any) -> None:
    """Write the stored objects of a morning as DICOM files into FOLDER (MPPS has no file)."""
    truths: list[dict[str, Any]] = []

    def objects() -> Iterator[SimObject]:
        for exam in _exams(options):
            truths.append(exam.truth.as_json())
            yield from exam.objects

    count = _write_files(folder, objects())
    _write_truth(truth, truths)
    click.echo(f"{count} files of {len(truths)} exams in {folder}")


@main.command("population")
@click.option("--patients", default=1000, show_default=True, help="How many people.")
@click.option("--years", default=20, show_default=True, help="Over how many years.")
@click.option(
    "--out",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="Write here instead of to the screen.",
)
@_seed_option
def population_command(*, patients: int, years: int, out: Any, seed: int) -> None:
    """Plan the exams of a whole hospital, one line of JSON each: about ten a person.

    Numbers only, for load and statistics; `write` makes DICOM files.
    """
    count = 0
    for exam in plan(seed, patients, years):
        count += 1
        out.write(json.dumps(exam.as_json(), ensure_ascii=False) + "\n")
    _say(f"{count} exams of {patients} people over {years} years")


@main.command("files")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_peer_options(required=True)
@_json_option
def files_command(*, paths: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Send DICOM files and folders as they are, without decoding them."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [file for file in inside if file.is_file()]
    peer = _peer(options)
    address = (peer.host, peer.port, peer.called_ae_title, peer.calling_ae_title)
    try:
        results = send_files(found, *address, peer.tls)
    except SendError as error:
        raise click.ClickException(str(error)) from None
    _report(results, None, as_json=as_json)


def _reports(
    name: str, rng: Random, vendor: str, events: int | None
) -> list[tuple[Dataset, ObjectTruth]]:
    if name == "petct":
        return petct.petct_rdsr(rng, vendor)
    makers = {
        "ct": ct.ct_rdsr,
        "carm": carm.carm_rdsr,
        "dx": dx.dx_rdsr,
        "mammo": mammo.mammo_rdsr,
    }
    return [makers[name](rng, vendor, events=events)]


def _add_modality(name: str) -> None:
    makers = [row.key for row in vendors_of(_NAMES[name])]

    @main.command(name, help=f"Send or write dose reports of one {name}: {', '.join(makers)}.")
    @_peer_options(required=False)
    @click.option("--vendor", default=makers[0], show_default=True, help="Whose manner.")
    @click.option("--count", default=1, show_default=True, help="How many exams.")
    @click.option("--events", type=click.IntRange(1, 20_000), help="Events in each report.")
    @click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write here.")
    @_seed_option
    @_truth_option
    @_json_option
    def command(
        *,
        vendor: str,
        count: int,
        events: int | None,
        out: Path | None,
        seed: int,
        truth: Path | None,
        as_json: bool,
        **options: Any,
    ) -> None:
        if (out is None) == (options["to"] is None):
            raise click.UsageError("say where: either --to HOST:PORT, or --out FOLDER")
        made: list[tuple[Dataset, ObjectTruth]] = []
        try:
            for index in range(count):
                made += _reports(name, Random(f"{seed}:{name}:{vendor}:{index}"), vendor, events)
        except UnknownVendorError as error:
            raise click.UsageError(str(error)) from None
        _write_truth(truth, [asdict(told) for _, told in made])
        objects = [stored(dataset) for dataset, _ in made]
        if out is not None:
            click.echo(f"{_write_files(out, objects)} files in {out}")
            return
        try:
            results = _peer(options).send(objects)
        except SendError as error:
            raise click.ClickException(str(error)) from None
        _report(results, count, as_json=as_json)


for _name in _NAMES:
    _add_modality(_name)
main.add_command(instrument_command)
main.add_command(screen_command)
