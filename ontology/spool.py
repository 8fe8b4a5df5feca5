"""Files that outlive a request: uploads that wait for a job, exports that wait to be fetched.

Each has a folder of its own under ``OMS_SPOOL_DIR``, named by a UUID. What nobody fetched within a
day is deleted when the next one is made. Several server processes must share the directory.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import Final

from django.conf import settings

from oms_project.core.errors import NotFound
from oms_project.core.ids import is_rid

__all__ = ["KEEP_SECONDS", "folder", "make_folder", "remove", "remove_folder", "safe_name"]

KEEP_SECONDS: Final = 24 * 3600
_UNSAFE = re.compile(r"[^\w.+-]+")


def make_folder(name: str | None = None) -> Path:
    """A new folder, called ``name`` (a UUID) or by a new UUID; deletes forgotten ones."""
    root = Path(settings.OMS_SPOOL_DIR)
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    path = root / (name or str(uuid.uuid4()))
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def folder(name: str) -> Path:
    """The folder called ``name``.

    Raises:
        NotFound: it is gone, or was never there.
    """
    path = Path(settings.OMS_SPOOL_DIR) / name
    if not is_rid(name) or not path.is_dir():
        raise NotFound(
            "The file is not there any more: files are kept for a day. Start again.",
            code="file_expired",
        )
    return path


def remove(name: str) -> None:
    """Delete the folder called ``name``; gone already is fine."""
    if is_rid(name):
        remove_folder(Path(settings.OMS_SPOOL_DIR) / name)


def remove_folder(path: Path) -> None:
    """Delete a folder and what is in it; gone already is fine."""
    shutil.rmtree(path, ignore_errors=True)


def safe_name(name: str) -> str:
    """A file name from what a client calls a file: no path, nothing odd, its extension kept."""
    path = Path(_UNSAFE.sub("_", Path(name.replace("\\", "/")).name).lstrip(".") or "upload")
    return path.stem[:100] + path.suffix[:20]


def _sweep(root: Path) -> None:
    oldest = time.time() - KEEP_SECONDS
    with os.scandir(root) as entries:
        for entry in entries:
            try:
                if is_rid(entry.name) and entry.stat().st_mtime < oldest:
                    remove_folder(Path(entry.path))
            except FileNotFoundError:
                continue  # another process was quicker
