"""``ontology log | show | diff | history``: what happened, and what differs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from django_typer.management import command
from rich.text import Text

from oms_project.core.ids import is_rid
from oms_project.core.pagination import all_items
from oms_project.management.base import REFUSED, usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from ontology import selectors
from ontology.contract import CommitInfo, DiffResult
from ontology.domain.kinds import Kind
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import (
    AsOf,
    KindFilter,
    Limit,
    Name,
    Ref,
    Target,
)
from ontology.management.cli.output import Output
from ontology.management.cli.rendering.commits import (
    commit_lines,
    graph_lines,
    oneline,
    signature_text,
)
from ontology.management.cli.rendering.diffs import diff_lines, stat_lines
from ontology.management.cli.rendering.documents import document_lines, history_lines

__all__ = ["HistoryCommands", "is_target"]

_PANEL = "History"

_KINDS = frozenset(kind.value for kind in Kind)
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_AT_TIME = re.compile(r"[a-z0-9._/-]+@\d{4}-")


class HistoryCommands(OntologyCommand):
    """What happened, and what differs."""

    @command(
        rich_help_panel=_PANEL,
        name="log",
        epilog=examples("log schemaorg --oneline --graph", "log schemaorg --ref v30 --limit 5"),
    )
    def log(
        self,
        name: Name,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        limit: Limit = None,
        oneline_: Annotated[bool, typer.Option("--oneline", help="A commit a line.")] = False,
        graph: Annotated[bool, typer.Option("--graph", help="Draw branches and merges.")] = False,
        first_parent: Annotated[
            bool,
            typer.Option(
                "--first-parent", help="Only commits made on, or merged into, the branch."
            ),
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show the commits that led to a ref, newest first."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            commits = all_items(
                selectors.log, limit=limit, ontology=name, ref=ref, first_parent=first_parent
            )
            if out.as_json:
                out.json_items(commits)
                return
            names = _names(name)
            if graph:
                out.lines(graph_lines(commits, lambda commit: _entry(commit, names, oneline_)))
                return
            for commit in commits:
                out.lines(_entry(commit, names, oneline_))

    @command(
        rich_help_panel=_PANEL,
        name="show",
        epilog=examples(
            "show schemaorg main",
            "show schemaorg ObjectType/Person --ref main@2026-07-05T12:00:00Z",
        ),
    )
    def show(
        self,
        name: Name,
        what: Annotated[
            str,
            typer.Argument(
                metavar="COMMIT_OR_TARGET",
                help="A commit, branch or tag; or a document: Kind/name, its IRI, or its rid.",
                show_default=False,
            ),
        ],
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        stat: Annotated[
            bool, typer.Option("--stat", help="Counts instead of every change.")
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show a commit with what it changed, or a document in full."""
        with self.session(as_user, output_format) as out:
            if is_target(what):
                ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
                show_document(out, name, what, ref)
                return
            if ref or as_of:
                given = "--ref" if ref else "--as-of"
                usage_error(
                    f"{given} is for documents; a commit is named by COMMIT_OR_TARGET itself."
                )
            commit, changes = selectors.show_commit(ontology=name, commit=what)
            if out.as_json:
                out.json({"commit": commit, **_machine(changes, stat=stat)})
                return
            problem = selectors.signature_problem(ontology=name, commit=commit)
            signature = signature_text(commit, problem)
            out.lines(commit_lines(commit, _names(name), signature=signature))
            out.line()
            out.lines(stat_lines(changes.stats) if stat else diff_lines(changes))

    @command(
        rich_help_panel=_PANEL,
        name="diff",
        epilog=examples(
            "diff schemaorg main v30 --stat",
            "diff schemaorg main v30 --kind ObjectType",
            "diff schemaorg main v30 --merge-base --format json",
        ),
    )
    def diff(
        self,
        name: Name,
        from_ref: Annotated[
            str, typer.Argument(metavar="FROM", help="Ref to compare from.", show_default=False)
        ],
        to_ref: Annotated[
            str, typer.Argument(metavar="TO", help="Ref to compare to.", show_default=False)
        ],
        *,
        stat: Annotated[
            bool, typer.Option("--stat", help="The number of documents by kind, not every change.")
        ] = False,
        merge_base: Annotated[
            bool,
            typer.Option(
                "--merge-base", help="Compare TO with where it left FROM: what a merge would bring."
            ),
        ] = False,
        kind: KindFilter = None,
        exit_code: Annotated[
            bool, typer.Option("--exit-code", help="Exit with 1 when something differs.")
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show what differs between two refs: documents, their fields, renames."""
        with self.session(as_user, output_format) as out:
            result = selectors.diff(
                ontology=name,
                from_ref=from_ref,
                to_ref=to_ref,
                merge_base=merge_base,
                kinds=[item.value for item in kind] if kind else None,
            )
            if out.as_json:
                out.json(_machine(result, stat=stat))
            else:
                out.lines(stat_lines(result.stats) if stat else diff_lines(result))
            if exit_code and result.changes:
                raise typer.Exit(REFUSED)

    @command(
        rich_help_panel=_PANEL,
        name="history",
        epilog=examples("history schemaorg ObjectType/Person"),
    )
    def history(
        self,
        name: Name,
        target: Target,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show the commits that changed one document, newest first."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            entries = all_items(
                selectors.history, limit=limit, ontology=name, target=target, ref=ref
            )
            if out.as_json:
                out.json_items(entries)
            else:
                out.lines(history_lines(entries))


def show_document(
    out: Output, ontology: str, target: str, ref: str, *, include_deleted: bool = False
) -> None:
    """Print a document in full, references by name."""
    view = selectors.get_document(
        ontology=ontology,
        target=target,
        ref=ref,
        include_deleted=include_deleted,
        references="name",
    )
    if out.as_json:
        out.json(view)
    else:
        out.lines(document_lines(view))


def is_target(text: str) -> bool:
    """Whether ``text`` names a document and not a commit, branch, tag or branch@time."""
    if is_rid(text) or text.partition("/")[0] in _KINDS:
        return True
    return _IRI.match(text) is not None and _AT_TIME.match(text) is None


def _machine(diff: DiffResult, *, stat: bool) -> dict[str, Any]:
    """A diff as ``--format json`` prints it; with ``--stat`` without its changes."""
    value = {"fromCommit": diff.from_commit, "toCommit": diff.to_commit, "stats": diff.stats}
    return value if stat else {**value, "changes": diff.changes, "names": diff.names}


def _names(ontology: str) -> Mapping[str, list[str]]:
    names: dict[str, list[str]] = {}
    for branch in all_items(selectors.list_branches, ontology=ontology):
        names.setdefault(branch.head, []).append(branch.name)
    for tag in all_items(selectors.list_tags, ontology=ontology):
        names.setdefault(tag.commit, []).append(f"tag: {tag.name}")
    return names


def _entry(commit: CommitInfo, names: Mapping[str, list[str]], short: bool) -> Iterable[Text]:
    if short:
        return [oneline(commit, names)]
    return [*commit_lines(commit, names), Text()]
