"""What stands behind ``manage.py ontology``: a module per theme, and how results are shown.

A command parses, calls one service or selector, and renders. ``base`` decides exit codes, streams
and who acts; ``options`` holds the options that several commands share; ``rendering`` is text for
people, ``machine`` is JSON for programs.
"""
