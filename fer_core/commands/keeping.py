"""`backup` and `restore`."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    backup = commands.add("backup", _backup, "copy the workspace into one checked archive, while others go on working")
    backup.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FILE",
        help="a new .zip file, or a folder (default: here)",
    )
    backup.add_argument(
        "--labels-only", action="store_true", help="only what people said: verdicts, votes, versions, queues; small"
    )
    backup.add_argument("--with-runs", action="store_true", help="trained networks too; large")
    backup.add_argument("--with-key", action="store_true", help="the secret that signs names too; keep the file safe")

    restore = commands.add("restore", _restore, "bring back what `backup` has kept, whole or not at all")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument(
        "--replace", action="store_true", help="in place of what is there now, which is kept beside it"
    )
    restore.add_argument("--dry-run", action="store_true", help="check every byte, say what it holds, change nothing")


def _backup(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.errors import UsageError
    from fer_core.keeping.backup import back_up
    from fer_core.keeping.contents import LABELS, WORKSPACE

    if arguments.labels_only and (arguments.with_runs or arguments.with_key):
        raise UsageError("--labels-only keeps what people said and nothing else; leave out --with-runs and --with-key.")
    target, manifest = back_up(
        console.workspace,
        arguments.file,
        LABELS if arguments.labels_only else WORKSPACE,
        runs=arguments.with_runs,
        key=arguments.with_key,
        report=console.report,
    )
    size = target.stat().st_size
    console.say(f"{target}  {len(manifest.files):,} files, {size / 1e6:,.1f} MB")
    for words in manifest.left_out:
        console.say(f"Not in it: {words}.")
    return {
        "file": str(target),
        "bytes": size,
        "scope": manifest.scope,
        "files": len(manifest.files),
        "datasets": manifest.datasets(),
        "left_out": manifest.left_out,
    }


def _restore(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.keeping.archive import open_archive
    from fer_core.keeping.contents import LABELS
    from fer_core.keeping.restore import restore_workspace
    from fer_core.keeping.restore_labels import restore_labels

    with open_archive(arguments.file) as archive:
        restore = restore_labels if archive.manifest.scope == LABELS else restore_workspace
        done = restore(
            console.workspace, archive, replace=arguments.replace, dry_run=arguments.dry_run, report=console.report
        )
    what = "is sound" if arguments.dry_run else f"was restored to {console.workspace.root}"
    console.say(f"{arguments.file}, of {archive.manifest.made}, {what}.")
    for sentence in done.sentences:
        console.say(sentence)
    if done.kept:
        console.say(f"What was there before: {done.kept}")
    if not arguments.dry_run:
        console.say("If the app is open, restart it.")
    console.exit_code = 0 if done.complete else 1
    return {
        "file": str(arguments.file),
        "made": archive.manifest.made,
        "scope": archive.manifest.scope,
        "workspace": str(console.workspace.root),
        "restored": not arguments.dry_run,
        "complete": done.complete,
        "sentences": done.sentences,
        "kept": str(done.kept) if done.kept else None,
    }
