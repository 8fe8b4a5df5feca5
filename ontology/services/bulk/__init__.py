"""Loading files of rows as objects and links."""

from ontology.services.bulk.load import OnError, load_objects
from ontology.services.bulk.objects import Mode
from ontology.services.bulk.result import LoadedFile, LoadResult, RejectedRow

__all__ = ["LoadResult", "LoadedFile", "Mode", "OnError", "RejectedRow", "load_objects"]
