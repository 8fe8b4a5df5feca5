"""Runs several ``manage.py`` commands in one process: ``python -m tests.commands < commands.json``.

Starting Django takes longer than most commands do. Each command is called as `manage.py` calls it;
the answer is a JSON list of what each printed. It ends at the first that fails, with its words.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    printed = []
    for arguments in json.load(sys.stdin):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                execute_from_command_line(["manage.py", *arguments])
            except SystemExit as end:
                if end.code:
                    sys.stderr.write(f"{' '.join(arguments)}: {out.getvalue()}\n")
                    raise
        printed.append(out.getvalue())
    json.dump(printed, sys.stdout)


if __name__ == "__main__":
    main()
