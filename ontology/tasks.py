"""Long work as jobs: import, export, verify. Each calls the service that a door would call."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import IO, Any

import orjson

from ontology import selectors, services, spool
from ontology.wire import json_bytes
from scheduling.contract import JobHandle, register_task

__all__ = [
    "EXPORT_TASK",
    "IMPORT_TASK",
    "LOAD_TASK",
    "REJECTED_FILE",
    "VERIFY_TASK",
    "export_file",
    "import_files",
    "load_file",
    "verify",
]

IMPORT_TASK = "ontology.import"
EXPORT_TASK = "ontology.export"
LOAD_TASK = "ontology.load"
VERIFY_TASK = "ontology.verify"
#: Where a load's job keeps the rows that it left out, in the spool folder named by the job.
REJECTED_FILE = "rejected.jsonl"
#: So many of them are in the job's result.
_TOLD = 100


@register_task(IMPORT_TASK)
def import_files(
    job: JobHandle,
    *,
    ontology: str,
    branch: str,
    folder: str,
    format: str | None,  # noqa: A002 - the name that every door uses
    mode: str,
    message: str | None,
    expected_head: str | None,
    dry_run: bool,
) -> Any:
    """Import the files of a spool folder, then delete it; the result is an ``ImportResult``."""
    path = spool.folder(folder)
    try:
        result = services.import_rdf(
            ontology=ontology,
            branch=branch,
            sources=sorted(path.iterdir()),
            format=format,
            mode="replace" if mode == "replace" else "merge",
            message=message,
            expected_head=expected_head,
            dry_run=dry_run,
            on_progress=lambda phase, done, total: job.report(done, total, phase),
        )
    finally:
        spool.remove_folder(path)
    return orjson.loads(json_bytes(result))


@register_task(LOAD_TASK)
def load_file(
    job: JobHandle, *, ontology: str, folder: str, mapping: dict[str, Any], **options: Any
) -> Any:
    """Load the file of a spool folder, then delete it; the result is a ``LoadResult``.

    Rejected rows are kept in a spool folder that is named by the job, also when the load is refused
    because of them.
    """
    path = spool.folder(folder)
    with contextlib.ExitStack() as stack:
        stack.callback(spool.remove_folder, path)
        kept: list[IO[bytes]] = []

        def keep(row: services.RejectedRow) -> None:
            if not kept:
                target = spool.make_folder(job.job_id) / REJECTED_FILE
                kept.append(stack.enter_context(target.open("wb")))
            kept[0].write(json_bytes(row) + b"\n")

        result = services.load_objects(
            ontology=ontology,
            source=next(path.iterdir()),
            mapping=mapping,
            on_rejected=keep,
            on_progress=lambda phase, done, total: job.report(done, total, phase),
            **options,
        )
    return orjson.loads(json_bytes(replace(result, errors=result.errors[:_TOLD])))


@register_task(EXPORT_TASK, max_attempts=3)
def export_file(job: JobHandle, *, ontology: str, commit: str, format: str) -> Any:  # noqa: A002
    """Write an export into a spool folder that is named by the job; the result describes it."""
    media_type, extension = selectors.EXPORT_FORMATS[format]
    filename = f"{ontology}-{commit[:12]}.{extension}"
    size = 0
    with (spool.make_folder(job.job_id) / filename).open("wb") as file:
        for chunk in selectors.export_rdf(ontology=ontology, ref=commit, format=format):
            size += file.write(chunk)
            job.report(size, None, "writing")
    return {
        "commit": commit,
        "format": format,
        "mediaType": media_type,
        "filename": filename,
        "size": size,
    }


@register_task(VERIFY_TASK, max_attempts=3)
def verify(job: JobHandle, *, ontology: str) -> Any:
    """Check the hash chain; the result is a ``VerifyReport``."""
    report = selectors.verify(
        ontology=ontology,
        on_progress=lambda phase, done, total: job.report(done, total, phase),
    )
    return orjson.loads(json_bytes(report))
