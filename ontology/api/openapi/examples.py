"""Examples of requests and answers: one small story about an ontology called ``fleet``."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["COMMIT_ID", "EXAMPLES", "RID"]

COMMIT_ID: Final = "8c1f6c0a4f5f0d5c7b8f1f0e9d3b2a190c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f"
_PARENT: Final = "1b2c3d4e5f60718293a4b5c6d7e8f9010203040506070809a0b1c2d3e4f5a6b7"
RID: Final = "5a4c7f7e-2f6a-5d1e-9d1c-3f0f6f5b2a10"
_OTHER: Final = "0d9c6f2b-7a51-5f0e-8b43-6f2f9a1c4e77"
_TIME: Final = "2026-11-20T09:30:00.000000Z"
_AUTHOR: Final = {
    "author": "ana (7b0f8b52-4c5f-4a39-8d6f-0d8f3f2f6a01)",
    "authorId": "7b0f8b52-4c5f-4a39-8d6f-0d8f3f2f6a01",
    "authorUsername": "ana",
}
_AUDIT: Final = {
    "_created_by": _AUTHOR["authorId"],
    "_created_by_username": "ana",
    "_created_at": _TIME,
    "_updated_by": _AUTHOR["authorId"],
    "_updated_by_username": "ana",
    "_updated_at": _TIME,
}

_ONTOLOGY: Final = {
    "id": "3f0c6c1e-90a4-4f9e-9b61-6d6bb7d2f0aa",
    "name": "fleet",
    "baseIri": "https://example.org/fleet/",
    "description": "Aircraft, crews and flights",
    "defaultBranch": "main",
    "createdAt": _TIME,
    "createdBy": "ana",
    "erasures": 0,
}
_BRANCH: Final = {
    "name": "feature/booking",
    "head": COMMIT_ID,
    "protected": False,
    "isDefault": False,
    "createdAt": _TIME,
    "createdBy": "ana",
    "updatedAt": _TIME,
}
_TAG: Final = {
    "name": "v1.0",
    "commit": COMMIT_ID,
    "message": "First release",
    "createdAt": _TIME,
    "createdBy": "ana",
}
_COMMIT: Final = {
    "id": COMMIT_ID,
    "parents": [_PARENT],
    **_AUTHOR,
    "time": _TIME,
    "message": "Add a person's birth date",
    "contentHash": "d2a84f4b8b650937ec8f73cd8be2c74add5a911ba64df27458ed8229da804a26",
    "changeCount": 1,
    "signature": f"{_AUTHOR['author']}|verified|ts:{_TIME}|sig:l3nC0m0YwRhVq0gqJ3h8Zg.k2hV…",
    "onBehalfOfId": "",
}

#: kind -> fields as a client sends them
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "ObjectType": {
        "apiName": "Person",
        "displayName": {"en": "Person", "ko": "사람"},
        "primaryKey": ["staffNumber"],
        "properties": [
            {"apiName": "staffNumber", "dataTypes": ["string"], "required": True},
            {"apiName": "birthDate", "dataTypes": ["date"]},
        ],
    },
    "SharedProperty": {
        "apiName": "validFrom",
        "displayName": {"en": "Valid from"},
        "dataTypes": ["date"],
    },
    "LinkType": {
        "apiName": "worksFor",
        "sources": ["Person"],
        "targets": ["Airline"],
        "targetCardinality": {"min": 0, "max": 1},
    },
    "Interface": {
        "apiName": "Locatable",
        "properties": [{"apiName": "position", "dataTypes": ["geopoint"]}],
    },
    "ValueType": {
        "apiName": "IataCode",
        "baseType": "string",
        "constraints": {"pattern": "[A-Z]{3}"},
    },
    "EnumType": {
        "apiName": "FlightStatus",
        "members": [
            {"code": "SCHEDULED", "label": {"en": "Scheduled"}},
            {"code": "LANDED", "label": {"en": "Landed"}},
        ],
    },
    "StructType": {
        "apiName": "Address",
        "fields": [
            {"apiName": "street", "dataTypes": ["string"]},
            {"apiName": "city", "dataTypes": ["string"], "required": True},
        ],
    },
    "ActionType": {
        "apiName": "hirePerson",
        "parameters": [{"apiName": "staffNumber", "dataTypes": ["string"]}],
        "rules": [
            {
                "name": "person",
                "op": "create",
                "objectType": "Person",
                "values": {"staffNumber": {"parameter": "staffNumber"}},
            }
        ],
    },
    "OntologyHeader": {
        "baseIri": "https://example.org/fleet/",
        "prefixes": {"fleet": "https://example.org/fleet/"},
        "displayName": {"en": "Fleet"},
    },
    "Resource": {
        "iri": "https://example.org/notes/1",
        "annotations": [
            {
                "predicate": "http://www.w3.org/2000/01/rdf-schema#comment",
                "value": {"value": "Kept as it was imported"},
            }
        ],
    },
}


def _stored(kind: str) -> dict[str, Any]:
    """The document that a GET answers for the fields above."""
    fields = dict(_FIELDS[kind])
    for name in ("properties", "fields"):
        if name in fields:
            fields[name] = [
                {**item, "rid": _OTHER[:-1] + str(position)}
                for position, item in enumerate(fields[name])
            ]
    for name in ("sources", "targets"):
        if name in fields:
            fields[name] = [RID]
    if "rules" in fields:
        fields["rules"] = [{**rule, "objectType": RID} for rule in fields["rules"]]
    type_name = "Ontology" if kind == "OntologyHeader" else kind
    name = fields.get("apiName", RID)
    identity = {
        "_etag": "4f5f0d5c7b8f1f0e9d3b2a190c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f8c1f6c0a",
        "@id": f"{type_name}/{name}",
        "@type": type_name,
        "rid": RID,
    }
    return {**identity, **fields, **_AUDIT}


_OBJECT: Final = {
    "_etag": "4f5f0d5c7b8f1f0e9d3b2a190c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f8c1f6c0a",
    "@id": "Person/42",
    "@type": "Person",
    "rid": RID,
    "_key": ["42"],
    "_type": _OTHER,
    "birthDate": "1992-03-01",
    "staffNumber": "42",
    **_AUDIT,
}
_AIRLINE: Final = {
    **{name: value for name, value in _OBJECT.items() if name not in ("birthDate", "staffNumber")},
    "@id": "Airline/KE",
    "@type": "Airline",
    "rid": _OTHER,
    "_key": ["KE"],
    "_type": RID,
    "code": "KE",
}
_LINK_OBJECT: Final = {
    "_etag": "0e9f8a7b6c5d4e3f8c1f6c0a4f5f0d5c7b8f1f0e9d3b2a190c7d6e5f4a3b2c1d",
    "@id": f"worksFor/{_OTHER}",
    "@type": "worksFor",
    "rid": _OTHER,
    "@source": "Person/42",
    "@target": "Airline/KE",
    "_source": RID,
    "_target": _OTHER,
    "_type": RID,
    "since": "2020-01-01",
    **_AUDIT,
}


def _page(*items: Any, commit: bool = True) -> dict[str, Any]:
    page: dict[str, Any] = {"items": list(items), "next": None}
    return {**page, "commit": COMMIT_ID} if commit else page


_FIELD_CHANGE: Final = {
    "path": "/displayName/en",
    "label": "displayName/en",
    "before": "Human",
    "after": "Person",
    "operation": "change",
}
_DOCUMENT_DIFF: Final = {
    "rid": RID,
    "kind": "ObjectType",
    "id": "ObjectType/Person",
    "previousId": None,
    "operation": "update",
    "fields": [_FIELD_CHANGE],
    "before": {"apiName": "Person", "displayName": {"en": "Human"}},
    "after": {"apiName": "Person", "displayName": {"en": "Person"}},
}
_DIFF: Final = {
    "fromCommit": _PARENT,
    "toCommit": COMMIT_ID,
    "changes": [_DOCUMENT_DIFF],
    "names": {RID: "ObjectType/Person"},
    "stats": {"ObjectType": {"update": 1}},
}
_MERGED: Final = {
    "status": "merged",
    "commit": _COMMIT,
    "base": _PARENT,
    "ours": _PARENT,
    "theirs": COMMIT_ID,
    "conflicts": [],
    "problems": [],
    "changes": _DIFF,
    "resolved": 0,
    "dryRun": False,
}
_REDACTION: Final = {
    "id": _OTHER,
    "rid": RID,
    "kind": "Object",
    "fields": ["email"],
    "reason": "Request 7 of 2026-07-05",
    "versions": 12,
    "time": _TIME,
    "authorId": _AUTHOR["authorId"],
    "authorUsername": "ana",
}
_STRAY: Final = {
    "id": 12,
    "kind": "commit",
    "branch": "main",
    "identifier": "d5sq02o9vzq6msjdn1zkrd8swbhjnk6",
    "author": "somebody",
    "message": "Quick fix",
    "time": _TIME,
    "foundAt": _TIME,
    "state": "open",
    "settledAt": None,
    "settledBy": "",
    "note": "A commit that OMS did not make stands there.",
}
_LINK: Final = {
    "id": "LinkType/worksFor",
    "rid": _OTHER,
    "name": "worksFor",
    "label": {"en": "works for"},
    "direction": "outgoing",
    "others": ["ObjectType/Airline"],
    "cardinality": {"max": 1},
    "inheritedFrom": None,
}
_PROPERTY: Final = {
    "rid": _OTHER,
    "name": "staffNumber",
    "label": {},
    "description": {},
    "dataTypes": ["string"],
    "required": True,
    "array": None,
    "unique": False,
    "indexed": False,
    "searchable": False,
    "default": None,
    "unit": None,
    "sensitivity": "internal",
    "status": "active",
    "inheritedFrom": None,
    "sharedProperty": None,
}
_NODE: Final = {
    "rid": RID,
    "id": "ObjectType/Person",
    "name": "Person",
    "label": {"en": "Person", "ko": "사람"},
    "status": "active",
    "isAbstract": False,
    "parents": [],
    "children": [],
}
_JOB: Final = {
    "id": RID,
    "task": "ontology.import",
    "arguments": {"ontology": "fleet", "branch": "main", "mode": "merge"},
    "state": "queued",
    "progress": {"done": 0, "total": None, "phase": ""},
    "result": None,
    "error": None,
    "submitted_by": "ana",
    "attempt": 0,
    "cancel_requested": False,
    "created_at": _TIME,
    "started_at": None,
    "finished_at": None,
}

_ACTION: Final = {
    "rid": RID,
    "name": "bookSeat",
    "displayName": {"en": "Book a seat"},
    "description": {},
    "status": "active",
    "parameters": [
        {"apiName": "flight", "objectType": "ObjectType/Flight", "required": True},
        {"apiName": "seats", "dataTypes": ["integer"], "required": True},
    ],
    "batchLimit": 50,
    "revertible": True,
    "runnable": True,
    "reason": "ana is editor for ontology fleet",
}

EXAMPLES: Final[dict[str, Any]] = {
    "KernelQueryBody": {
        "ontology": "fleet",
        "query": {
            "@type": "IsA",
            "element": {"@type": "NodeValue", "variable": "a"},
            "type": {"@type": "NodeValue", "node": "Person"},
        },
    },
    "KernelInsertBody": {
        "ontology": "fleet",
        "documents": [{"@type": "Person", "name": "Ana"}],
        "message": "Add Ana",
    },
    "KernelUpdateBody": {
        "ontology": "fleet",
        "documents": [{"@id": f"Person/{RID}", "@type": "Person", "name": "Ana"}],
    },
    "KernelDeleteBody": {"ontology": "fleet", "ids": [f"Person/{RID}"]},
    "Ontology": _ONTOLOGY,
    "OntologyPage": _page(_ONTOLOGY, commit=False),
    "OntologyCreate": {
        "name": "fleet",
        "baseIri": "https://example.org/fleet/",
        "displayName": {"en": "Fleet"},
        "description": "Aircraft, crews and flights",
    },
    "OntologyUpdate": {"description": "Aircraft, crews, flights and airports"},
    "Branch": _BRANCH,
    "BranchPage": _page(_BRANCH, commit=False),
    "BranchCreate": {"name": "feature/booking", "from": "main"},
    "BranchUpdate": {"protected": True},
    "Tag": _TAG,
    "TagPage": _page(_TAG, commit=False),
    "TagCreate": {"name": "v1.0", "ref": "main", "message": "First release"},
    "Commit": _COMMIT,
    "CommitPage": _page(_COMMIT),
    "CommitDetail": {"commit": _COMMIT, "changes": _DIFF},
    "RefResolved": {"ref": "main", "commit": _COMMIT},
    "Diff": _DIFF,
    "Blame": {
        "document": _stored("ObjectType"),
        "commit": COMMIT_ID,
        "entries": [
            {"path": "/apiName", "label": "/apiName", "value": "Person", "commit": COMMIT_ID},
            {
                "path": "/displayName/ko",
                "label": "/displayName/ko",
                "value": "사람",
                "commit": COMMIT_ID,
            },
        ],
        "commits": [_COMMIT],
        "names": {},
    },
    "DocumentComparison": {
        "rid": RID,
        "fromCommit": _PARENT,
        "toCommit": COMMIT_ID,
        "before": _stored("ObjectType"),
        "after": _stored("ObjectType"),
        "diff": _DOCUMENT_DIFF,
        "names": {RID: "ObjectType/Person"},
    },
    "RedactionBody": {
        "target": "Person/42",
        "fields": ["email"],
        "reason": "Request 7 of 2026-07-05",
    },
    "RedactionPage": _page(_REDACTION, commit=False),
    "RedactionResult": {
        "redaction": _REDACTION,
        "document": "Person/42",
        "messages": [],
        "answers": 1,
        "jobs": 0,
        "dryRun": False,
    },
    "HomeStatus": {
        "ontology": "aviation",
        "home": "terminusdb",
        "database": "oms_aviation_4f1c2a9b",
        "product": "TerminusDB",
        "version": "12.0.6",
        "answers": True,
        "ahead": 0,
        "behind": 0,
        "pending": 0,
        "strays": 1,
        "erasePending": False,
        "seenAt": _TIME,
        "problem": "",
    },
    "Stray": _STRAY,
    "StrayPage": _page(_STRAY, commit=False),
    "ReconcileReport": {
        "ontologies": 1,
        "finished": 1,
        "abandoned": 0,
        "strays": 0,
        "rewritten": 0,
        "problems": [],
    },
    "MergeBody": {"source": "feature/booking", "into": "main", "dryRun": False},
    "RevertBody": {"commit": COMMIT_ID, "message": "Take it back"},
    "MergeResult": _MERGED,
    "VerifyReport": {"commits": 120, "documents": 2390, "problems": [], "ok": True},
    "ChangeSetBody": {
        "message": "Crews",
        "changes": [
            {"op": "create", "kind": "ObjectType", "fields": {"apiName": "Crew"}},
            {
                "op": "update",
                "target": "ObjectType/Person",
                "fields": {"description": {"en": "Somebody who flies"}},
            },
            {"op": "rename", "target": "ObjectType/Human", "apiName": "Person"},
            {"op": "delete", "target": "ObjectType/Obsolete"},
            {
                "op": "create",
                "kind": "Object",
                "type": "Person",
                "fields": {"staffNumber": "42", "birthDate": "1992-03-01"},
            },
            {
                "op": "create",
                "kind": "Link",
                "type": "worksFor",
                "source": "Person/42",
                "target": "Airline/KE",
                "fields": {"since": "2020-01-01"},
            },
            {"op": "update", "target": "Person/7", "fields": {"birthDate": None}},
        ],
    },
    "CommitResult": {
        "commit": _COMMIT,
        "head": COMMIT_ID,
        "changes": _DIFF,
        "documents": [_stored("ObjectType")],
        "dryRun": False,
        "warnings": [
            {
                "document": "Person/42",
                "rid": RID,
                "field": "/fax",
                "rule": "deprecated",
                "message": "'fax' is deprecated.",
            }
        ],
    },
    "Action": _ACTION,
    "Actions": {"items": [_ACTION], "commit": COMMIT_ID},
    "ActionRunBody": {
        "parameters": {"flight": "Flight/OZ102", "passenger": "Passenger/42", "seats": 2},
        "message": "Two more on the evening flight",
    },
    "ActionResult": {
        "commit": {**_COMMIT, "message": "Run bookSeat\n\nAction: bookSeat"},
        "head": COMMIT_ID,
        "changes": _DIFF,
        "created": ["Booking/B1"],
        "changed": ["Flight/OZ102"],
        "deleted": [],
        "runs": 1,
        "dryRun": False,
        "warnings": [],
    },
    "RunRevertBody": {"message": "The passenger does not fly"},
    "ImportResult": {
        "commit": _COMMIT,
        "head": COMMIT_ID,
        "stats": {"ObjectType": {"create": 910}},
        "counts": {"ObjectType": 910, "SharedProperty": 700},
        "report": {"triples": 17823, "lost": 0},
        "dryRun": False,
    },
    "LoadResult": {
        "type": "Person",
        "kind": "Object",
        "file": {
            "name": "people.csv",
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "size": 4096,
            "format": "csv",
            "encoding": "utf-8",
        },
        "commit": _COMMIT,
        "commits": 1,
        "head": COMMIT_ID,
        "rows": 100,
        "skipped": 0,
        "created": 98,
        "updated": 1,
        "unchanged": 0,
        "rejected": 1,
        "errors": [
            {
                "row": 17,
                "errors": [
                    {
                        "column": "birth_date",
                        "field": "",
                        "rule": "data-type",
                        "message": "'31.12.1999' is not a date such as 2026-07-05.",
                    }
                ],
                "values": {"staffNumber": "1017", "birthDate": "31.12.1999"},
            }
        ],
        "dryRun": False,
    },
    "LoadProposal": {
        "type": "Person",
        "changes": [
            {
                "op": "create",
                "kind": "ObjectType",
                "fields": {
                    "apiName": "Person",
                    "displayName": {"en": "Person"},
                    "properties": [
                        {
                            "apiName": "staffNumber",
                            "displayName": {"en": "Staff number"},
                            "dataTypes": ["string"],
                            "order": 0,
                            "required": True,
                        }
                    ],
                    "primaryKey": ["staffNumber"],
                },
            }
        ],
        "mapping": {"nulls": ["NA"]},
        "columns": [
            {
                "column": "staff_number",
                "property": "staffNumber",
                "dataType": "string",
                "array": False,
                "required": True,
                "distinct": 100,
                "missing": 0,
            }
        ],
        "key": ["staffNumber"],
        "rows": 100,
        "complete": True,
        "notes": ["Taken for nothing: NA."],
    },
    "Csv": "staff_number,birth_date\r\n1001,1999-12-31\r\n",
    "JsonLines": '{"staffNumber":"1001","birthDate":"1999-12-31"}\n',
    "RejectedRows": '{"row":17,"errors":[{"column":"birth_date","field":"","rule":"data-type",'
    '"message":"\'x\' is not a date such as 2026-07-05."}],"values":{"birthDate":"x"}}\n',
    "Statistics": {"commit": COMMIT_ID, "counts": {"ObjectType": 12, "LinkType": 7}},
    "Names": {
        "commit": COMMIT_ID,
        "items": [
            {
                "rid": RID,
                "kind": "ObjectType",
                "id": "ObjectType/Person",
                "name": "Person",
                "displayName": {"en": "Person", "ko": "사람"},
                "status": "active",
            }
        ],
    },
    "DocumentPage": _page(_stored("ObjectType")),
    "Document": _stored("ObjectType"),
    "HistoryPage": _page(
        {"commit": _COMMIT, "operation": "update", "document": _stored("ObjectType")}
    ),
    "TypeDescription": {
        "document": _stored("ObjectType"),
        "ancestors": [],
        "children": [],
        "descendantsCount": 0,
        "implements": [],
        "properties": [_PROPERTY],
        "linksOut": [_LINK],
        "linksIn": [],
        "usedBy": [["LinkType/worksFor", "sources"]],
        "names": {RID: "ObjectType/Person"},
    },
    "Hierarchy": {"nodes": {RID: _NODE}, "roots": [RID]},
    "Job": _JOB,
    "RenameBody": {"apiName": "Customer", "message": "A person is a customer here"},
    "ExportBody": {"format": "turtle", "ref": "main"},
    "Turtle": "@prefix fleet: <https://example.org/fleet/> .\nfleet:Person a owl:Class .\n",
    "Sparql": "SELECT ?type ?label WHERE { ?type a owl:Class ; rdfs:label ?label } LIMIT 10",
    "SparqlForm": {
        "query": "ASK { ?type rdfs:subClassOf+ <https://example.org/fleet/Person> }",
        "ref": "main",
        "format": "json",
    },
    "SparqlResults": {
        "head": {"vars": ["type", "label"]},
        "results": {
            "bindings": [
                {
                    "type": {"type": "uri", "value": "https://example.org/fleet/Person"},
                    "label": {"type": "literal", "value": "사람", "xml:lang": "ko"},
                }
            ]
        },
    },
    "Object": _OBJECT,
    "ObjectInput": {"staffNumber": "42", "birthDate": "1992-03-01"},
    "ObjectValues": {"birthDate": "1992-03-02"},
    "ObjectPage": {**_page(_OBJECT), "total": 1},
    "ObjectHistoryPage": _page({"commit": _COMMIT, "operation": "update", "document": _OBJECT}),
    "Link": _LINK_OBJECT,
    "LinkInput": {"@source": "Person/42", "@target": "Airline/KE", "since": "2020-01-01"},
    "LinkValues": {"since": "2021-01-01"},
    "LinkPage": {**_page(_LINK_OBJECT), "total": 1},
    "LinkHistoryPage": _page({"commit": _COMMIT, "operation": "create", "document": _LINK_OBJECT}),
    "LinkedObjectPage": _page({"link": _LINK_OBJECT, "object": _AIRLINE, "direction": "outgoing"}),
    "Traversal": {
        "commit": COMMIT_ID,
        "nodes": [
            {"document": _OBJECT, "depth": 0, "via": "", "parent": ""},
            {"document": _AIRLINE, "depth": 1, "via": _OTHER, "parent": RID},
        ],
        "links": [_LINK_OBJECT],
        "truncated": False,
    },
    "SearchPage": _page({"document": _OBJECT, "score": 1.9}),
    "ObjectQueryBody": {
        "filter": {
            "and": [
                {"property": "birthDate", "op": "lt", "value": "2000-01-01"},
                {"link": "worksFor", "where": {"property": "code", "value": "KE"}},
            ]
        },
        "sort": ["-birthDate"],
        "limit": 50,
        "count": True,
    },
    "AggregateBody": {"measures": ["count", "min:birthDate"], "by": ["birthDate"]},
    "AggregateResult": {
        "commit": COMMIT_ID,
        "rows": [
            {
                "group": {"birthDate": "1992-03-01"},
                "figures": {"count": 1, "min(birthDate)": "1992-03-01"},
            }
        ],
        "truncated": False,
    },
    "TypeCounts": {
        "commit": COMMIT_ID,
        "items": [
            {
                "type": "Person",
                "rid": _OTHER,
                "displayName": {"en": "Person", "ko": "사람"},
                "isAbstract": False,
                "count": 2390,
                "withSubtypes": 2412,
            }
        ],
    },
    **{f"{kind}Input": fields for kind, fields in _FIELDS.items()},
    **{f"{kind}Patch": {"description": {"en": "What it means"}} for kind in _FIELDS},
    **{f"{kind}": _stored(kind) for kind in _FIELDS},
    **{f"{kind}Page": _page(_stored(kind)) for kind in _FIELDS},
}
