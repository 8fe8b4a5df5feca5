"""Files in and out, and the check of the hash chain. Long work runs as a job with a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.core.routes import requires
from ontology import selectors, spool
from ontology.console.forms.labels import KINDS_PLURAL
from ontology.console.links import commit_url, explorer_url
from ontology.console.presenters.values import pretty_json
from ontology.console.workspace import Workspace, open_workspace
from ontology.tasks import IMPORT_TASK, VERIFY_TASK
from scheduling.contract import JobInfo, JobState, job_service

__all__ = ["cancel", "export", "import_file", "progress", "transfer", "verify"]

_INPUT_FORMATS = ("turtle", "rdfxml", "ntriples", "nquads", "trig", "jsonld")
_FORMAT_NAMES = {
    "turtle": "Turtle",
    "rdfxml": "RDF/XML",
    "ntriples": "N-Triples",
    "nquads": "N-Quads",
    "trig": "TriG",
    "jsonld": "JSON-LD",
}
_PHASES = {
    "parse": gettext_lazy("Reading the files"),
    "map": gettext_lazy("Finding definitions"),
    "validate": gettext_lazy("Checking the rules"),
    "commit": gettext_lazy("Committing"),
    "verify": gettext_lazy("Computing hashes"),
}
_TABLES = {
    "unplaced": gettext_lazy("Kept as annotations"),
    "mapped": gettext_lazy("Placed in fields"),
}
#: Lines of a loss report that a page shows; the rest is in its JSON.
MOST_LOSSES = 200


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def transfer(request: HttpRequest, ontology: str) -> HttpResponse:
    """Import, export and verify: the forms."""
    workspace = open_workspace(request, ontology)
    return show(request, "console/transfer.html", _forms(workspace))


def _forms(workspace: Workspace, **more: Any) -> dict[str, Any]:
    return {
        "workspace": workspace,
        "title": _("Import and export"),
        "formats": [(name, _FORMAT_NAMES[name]) for name in _INPUT_FORMATS],
        "export_formats": [
            (name, _FORMAT_NAMES.get(name, name), extension)
            for name, (_media, extension) in selectors.EXPORT_FORMATS.items()
        ],
        "into": workspace.branch.name if workspace.branch else workspace.ontology.default_branch,
        **more,
    }


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_POST
def import_file(request: HttpRequest, ontology: str) -> HttpResponse:
    """Start an import: of files just chosen (as a dry run), or of those tried before (for real)."""
    branch = request.POST.get("branch", "")
    workspace = open_workspace(request, ontology, branch or None)
    if not workspace.may_write:
        raise PermissionDenied(workspace.why_read_only)
    files = request.FILES.getlist("files")
    kept = request.POST.get("kept", "")
    if files:
        kept = _keep(files)
        request.session[f"console_import:{kept}"] = [file.name for file in files]
    elif f"console_import:{kept}" not in request.session:
        context = _forms(workspace, error=_("Choose at least one file."))
        return show(request, "console/transfer.html", context, status=422)
    mode = "replace" if request.POST.get("mode") == "replace" else "merge"
    chosen = request.POST.get("format", "")
    dry_run = "commit" not in request.POST
    names = ", ".join(request.session.get(f"console_import:{kept}", []))
    job = job_service.submit(
        task=IMPORT_TASK,
        arguments={
            "ontology": workspace.name,
            "branch": workspace.ref,
            "folder": _copy(kept).name,
            "format": chosen if chosen in _INPUT_FORMATS else None,
            "mode": mode,
            "message": request.POST.get("message", "").strip() or f"Import {names}",
            "expected_head": request.POST.get("expected_head") or None,
            "dry_run": dry_run,
        },
    )
    # The job deletes its copy; the page needs the original for the step after the dry run.
    request.session[f"console_job:{job.id}"] = kept
    return redirect("console:import_job", workspace.name, job.id)


def _keep(files: list[UploadedFile[Any]]) -> str:
    folder = spool.make_folder()
    for place, file in enumerate(files):
        with (folder / f"{place:04d}-{spool.safe_name(file.name or '')}").open("wb") as target:
            shutil.copyfileobj(file, target)
    return folder.name


def _copy(kept: str) -> Path:
    source = spool.folder(kept)
    copy = spool.make_folder()
    for path in sorted(source.iterdir()):
        os.link(path, copy / path.name)
    return copy


@page
@requires(permissions.JOBS_READ)
@require_safe
def progress(request: HttpRequest, ontology: str, job: str) -> HttpResponse:
    """How far a job is, and what came of it."""
    workspace = open_workspace(request, ontology)
    info = job_service.get(job_id=job)
    if info.arguments.get("ontology") != workspace.name:
        raise NotFound(_("There is no such job."))
    done, total = info.progress.done, info.progress.total
    context: dict[str, Any] = {
        "workspace": workspace,
        "job": info,
        "phase": _PHASES.get(info.progress.phase, info.progress.phase),
        "percent": min(100, done * 100 // total) if total else None,
        "waiting": not info.state.is_final,
        "title": _("Checking the history") if info.task == VERIFY_TASK else _("Import"),
        "is_verify": info.task == VERIFY_TASK,
    }
    if info.state == JobState.SUCCEEDED and isinstance(info.result, Mapping):
        if info.task == VERIFY_TASK:
            context["report"] = info.result
            context["ok"] = bool(info.result.get("ok"))
        else:
            context.update(_import_result(request, workspace, info))
    if info.error:
        context["problem"] = info.error.get("detail") or info.error.get("title")
        context["problems"] = list(info.error.get("errors") or ())[:MOST_LOSSES]
    return show(request, "console/job.html", context)


def _import_result(request: HttpRequest, workspace: Workspace, info: JobInfo) -> dict[str, Any]:
    result: Mapping[str, Any] = info.result
    kept = request.session.get(f"console_job:{info.id}", "")
    commit = result.get("commit")
    stats = [
        (KINDS_PLURAL.get(kind, kind), counts) for kind, counts in result.get("stats", {}).items()
    ]
    report = result.get("report", {})
    return {
        "result": result,
        "dry_run": bool(info.arguments.get("dry_run")),
        "kept": kept,
        "stats": [(title, counts) for title, counts in stats if any(counts.values())],
        "counts": [
            (KINDS_PLURAL.get(kind, kind), count)
            for kind, count in result.get("counts", {}).items()
        ],
        "losses": _losses(report),
        "triples": report.get("triples", 0),
        "unplaced": report.get("unplacedTriples", 0),
        "report_json": pretty_json(report),
        "commit_url": commit_url(workspace.name, commit["id"]) if commit else "",
        "explorer_url": explorer_url(workspace.name, str(info.arguments.get("branch", ""))),
    }


def _losses(report: Mapping[str, Any]) -> list[tuple[Any, list[tuple[Any, ...]]]]:
    """Tables out of a loss report, the first row of each its columns."""
    tables: list[tuple[Any, list[tuple[Any, ...]]]] = []
    for name, title in _TABLES.items():
        terms = [term for term in report.get(name) or () if isinstance(term, Mapping)]
        if not terms:
            continue
        columns = tuple(terms[0])
        rows = [tuple(term.get(column, "") for column in columns) for term in terms[:MOST_LOSSES]]
        tables.append((title, [columns, *rows]))
    renamed = report.get("renamed") or {}
    if renamed:
        rows = [(iri, name) for iri, name in renamed.items()][:MOST_LOSSES]
        tables.append((_("Names that had to be changed"), [("IRI", _("Name")), *rows]))
    return tables


@page
@requires(permissions.JOBS_READ)
@require_POST
def cancel(request: HttpRequest, ontology: str, job: str) -> HttpResponse:
    """Ask a job to stop."""
    info = job_service.cancel(job_id=job)
    messages.info(request, _("The work stops at its next step."))
    return redirect("console:import_job", ontology, info.id)


@page
@requires(permissions.ONTOLOGY_READ)
@require_POST
def verify(request: HttpRequest, ontology: str) -> HttpResponse:
    """Check every commit and document of an ontology."""
    workspace = open_workspace(request, ontology)
    job = job_service.submit(task=VERIFY_TASK, arguments={"ontology": workspace.name})
    return redirect("console:import_job", workspace.name, job.id)


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def export(request: HttpRequest, ontology: str) -> HttpResponseBase:
    """Download an ontology at a ref as one file."""
    workspace = open_workspace(request, ontology)
    name = request.GET.get("format", "turtle")
    if name not in selectors.EXPORT_FORMATS:
        raise NotFound(_("There is no export format %(name)s.") % {"name": name})
    media_type, extension = selectors.EXPORT_FORMATS[name]
    chunks = selectors.export_rdf(ontology=workspace.name, ref=workspace.commit.id, format=name)
    body: Any = _in_threads(chunks) if isinstance(request, ASGIRequest) else chunks
    response = StreamingHttpResponse(body, content_type=media_type)
    safe_ref = workspace.ref.replace("/", "-")
    filename = spool.safe_name(f"{workspace.name}-{safe_ref}.{extension}")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


async def _in_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks for a server that awaits: each is made in a thread, none is kept."""
    following = sync_to_async(lambda: next(chunks, b""), thread_sensitive=True)
    while chunk := await following():
        yield chunk
