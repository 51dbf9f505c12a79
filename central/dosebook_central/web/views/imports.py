"""Import files, folders and ZIPs: drop them, watch the bar, read the outcome of each file."""

import shutil
import tempfile
from pathlib import Path, PurePosixPath

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from dosebook_central.access.rights import Right
from dosebook_central.store.queries import imports
from dosebook_central.web.context import context
from dosebook_central.web.gate import me, needs, tell

bp = Blueprint("imports", __name__, url_prefix="/imports")

_MAX_NAME = 120


@bp.get("")
@needs(Right.IMPORT_RUN)
def show() -> str:
    """Show the drop area and the latest imports."""
    return _page()


@bp.post("")
@needs(Right.IMPORT_RUN)
def upload() -> ResponseReturnValue:
    """Take files in and start importing them."""
    importer = context().importer
    files = [one for one in request.files.getlist("files") if one.filename]
    if importer is None or not files:
        why = "This process cannot import." if importer is None else "Choose at least one file."
        return _page(error=why), 422
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=context().upload_folder))
    try:
        for number, file in enumerate(files, 1):
            _save(file, folder, number)
        tell("import.run", "import", "", files=len(files))
        job_id = importer.start(folder, me().login)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    target = url_for(".job", job_id=job_id)
    if request.headers.get("X-Requested-With") == "upload":  # the drop area follows by itself
        return {"job": target}
    return redirect(target)


@bp.get("/<job_id>")
@needs(Right.IMPORT_RUN)
def job(job_id: str) -> ResponseReturnValue:
    """Show one import: its bar, and the outcome of each file; as a fragment while it runs."""
    with context().engine.connect() as connection:
        found = imports.get_job(connection, job_id)
        if found is None:
            abort(404)
        files = imports.list_files(connection, job_id)
        counts = imports.outcome_counts(connection, job_id)
    template = "parts/job.html" if request.headers.get("HX-Request") else "import_job.html"
    return render_template(template, job=found, files=files, counts=counts)


def _page(error: str = "") -> str:
    with context().engine.connect() as connection:
        jobs = imports.list_jobs(connection)
    return render_template("imports.html", jobs=jobs, error=error)


def _save(file: FileStorage, folder: Path, number: int) -> None:
    """Save an upload under its name, or one of ours where no file can have that name here."""
    try:
        target = _place(file.filename or "", folder, number)
    except (OSError, ValueError):  # too long in bytes, a file in the place of a folder, a NUL
        target = folder / f"file-{number}"
    file.save(target)


def _place(name: str, folder: Path, number: int) -> Path:
    """Keep the shape of a dropped folder, and nothing of a path that leads out of ours."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    safe = [part[-_MAX_NAME:] for part in parts if part not in {"/", "..", "."} and ":" not in part]
    target = folder.joinpath(*safe) if safe else folder / f"file-{number}"
    if target.exists():
        target = target.with_name(f"{number}-{target.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(exist_ok=False)
    return target
