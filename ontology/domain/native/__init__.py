"""The native view of an ontology: its object types as classes of a TerminusDB database, its objects
and links as documents and relations there.

Pure: what is written to TerminusDB and what the embedded store answers WOQL from are both made
here, so that they are the same.
"""
