"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from verifier.cli.command import Refusal

MANIFEST = "manifest.json"


def write(path: str, data: bytes) -> None:
    """Writes the file beside its place and moves it there; a link's target is written, not the
    link. Raises Refusal."""
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = None
    try:
        mode = os.stat(target).st_mode & 0o777 if os.path.exists(target) else 0o644
        handle, temporary = tempfile.mkstemp(prefix=".verify-chain-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise Refusal(f"`{path}` cannot be written: {error.strerror or error}") from None


def make_folder(path: str) -> None:
    """Makes the folder and those above it unless they exist. Raises Refusal."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Refusal(f"the folder `{path}` cannot be made: {error.strerror or error}") from None


def replace_bundle(path: str, files: Mapping[str, bytes]) -> None:
    """Makes `path` a folder that holds these files, in one move.

    A folder that is there must be empty or an earlier bundle; what it holds beyond that bundle's
    own files (a build, say) is kept. Raises Refusal.
    """
    target = Path(os.path.realpath(path))
    own = _own_files(target, path)
    make_folder(str(target.parent))
    try:
        fresh = Path(tempfile.mkdtemp(prefix=".verify-chain-", dir=target.parent))
    except OSError as error:
        raise Refusal(f"`{path}` cannot be written: {error.strerror or error}") from None
    try:
        for name, data in files.items():
            assert not os.path.isabs(name) and ".." not in Path(name).parts, name
            place = fresh / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        _copy_foreign(target, fresh, own, files)
        fresh.chmod(0o755)
        _swap(fresh, target)
    except OSError as error:
        raise Refusal(f"`{path}` cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _own_files(target: Path, shown: str) -> set[str]:
    """The names of the files that an earlier bundle put into the folder. Raises Refusal."""
    if not target.exists():
        return set()
    if not target.is_dir():
        raise Refusal(f"`{shown}` is a file; name a folder for the bundle")
    if not any(target.iterdir()):
        return set()
    try:
        manifest = json.loads((target / MANIFEST).read_bytes())
        return {MANIFEST, *manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise Refusal(
            f"`{shown}` is not empty and holds no bundle of ours ({MANIFEST} is missing or "
            "foreign); name an empty or a new folder"
        ) from None


def _copy_foreign(target: Path, fresh: Path, own: set[str], files: Mapping[str, bytes]) -> None:
    """Copies to `fresh` what lies in `target` and belongs neither to the old nor the new bundle."""
    for folder, _, names in os.walk(target):
        for name in names:
            source = Path(folder) / name
            inside = source.relative_to(target)
            if inside.as_posix() in own or inside.as_posix() in files:
                continue
            (fresh / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, fresh / inside, follow_symlinks=False)


def _swap(fresh: Path, target: Path) -> None:
    """Puts `fresh` in the place of `target`; if that fails, `target` is as it was."""
    if not target.exists():
        os.rename(fresh, target)
        return
    old = Path(tempfile.mkdtemp(prefix=".verify-chain-", dir=target.parent))
    os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
