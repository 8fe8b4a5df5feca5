"""Arguments and options that several commands share, so that they read and behave alike."""

from __future__ import annotations

from typing import Annotated

import typer

from ontology.domain.kinds import Kind

__all__ = [
    "AsOf",
    "Branch",
    "DryRun",
    "ExpectedHead",
    "KindFilter",
    "Limit",
    "Message",
    "Name",
    "Ours",
    "Ref",
    "Resolve",
    "ResolveFile",
    "Target",
    "Theirs",
]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The ontology.", show_default=False)]
Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A document: Kind/name (ObjectType/Person), its IRI, or its rid.",
        show_default=False,
    ),
]
Ref = Annotated[
    str,
    typer.Option(
        "--ref",
        metavar="REF",
        help="Branch, tag, commit or branch@time to read (default: the default branch).",
        show_default=False,
    ),
]
AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="Read the branch as it was then: a day (its end in UTC), or a time with its zone.",
        show_default=False,
    ),
]
Branch = Annotated[
    str,
    typer.Option(
        "--branch",
        "-b",
        metavar="BRANCH",
        help="Branch to write to (default: the default branch).",
        show_default=False,
    ),
]
Message = Annotated[
    str | None,
    typer.Option(
        "--message", "-m", metavar="TEXT", help="Message of the commit.", show_default=False
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Say what would happen; change nothing.")
]
ExpectedHead = Annotated[
    str | None,
    typer.Option(
        "--expected-head",
        metavar="COMMIT",
        help="Refuse when the branch's head is another commit.",
        show_default=False,
    ),
]
KindFilter = Annotated[
    list[Kind] | None,
    typer.Option("--kind", "-k", help="Only this kind; repeat for several.", show_default=False),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", "-l", min=1, metavar="N", help="At most so many.", show_default="all"),
]
Ours = Annotated[
    bool, typer.Option("--ours", help="Settle every other conflict with the branch's own value.")
]
Theirs = Annotated[
    bool, typer.Option("--theirs", help="Settle every other conflict with the incoming value.")
]
Resolve = Annotated[
    list[str] | None,
    typer.Option(
        "--resolve",
        metavar="CONFLICT=CHOICE",
        help="Settle one conflict, or all of a document: CHOICE is ours, theirs, base or "
        "value:JSON. Repeat for several.",
        show_default=False,
    ),
]
ResolveFile = Annotated[
    typer.FileText | None,
    typer.Option(
        "--resolve-file",
        metavar="FILE",
        help="A JSON object that gives each conflict its choice; - reads stdin.",
        show_default=False,
    ),
]
