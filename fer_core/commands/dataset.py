"""`import`, `demo`, `datasets`, `export`: what comes in, what is there, what goes out."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.commands.console import COUNT, SEED, Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("import", run_import, "import tables, class folders, videos or CK+ as a data set")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _FORMS
    parser.add_argument("source", type=Path, help="a file or folder in one of the forms below")
    parser.add_argument("--name", required=True, help="what the data set will be called")
    parser.add_argument(
        "--format",
        choices=("csv", "folders", "npz", "parquet", "video", "ckplus"),
        help="found out by looking when not given",
    )
    parser.add_argument(
        "--mode",
        choices=("strict", "lenient"),
        default="strict",
        help="strict: any bad row refuses the source; lenient: keep every good row and list the others",
    )
    _add_wishes(parser.add_argument_group("faces in pictures and videos"))

    parser = commands.add("demo", run_demo, "draw the synthetic demo data set, with planted and recorded faults")
    parser.add_argument("--name", default="demo")
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--images", type=COUNT, default=3500)
    parser.add_argument("--if-missing", action="store_true", help="do nothing when it is there already")

    commands.add("datasets", run_datasets, "list the data sets and their versions")

    parser = commands.add("export", run_export, "write a version, or what people said about its images, to a file")
    parser.add_argument("version", help="DATASET or DATASET@VERSION")
    parser.add_argument("target", type=Path, help="a .csv, .npz, .parquet or .zip file, or a new folder")
    parser.add_argument(
        "--form",
        choices=("csv", "npz", "folders", "zip", "parquet", "votes"),
        help="csv: fer2013.csv's; folders, zip: class folders; parquet: Hugging Face's; votes: a table of people's "
        "votes in FER+'s form. By default what the target's name says",
    )
    parser.add_argument(
        "--with-imported", action="store_true", help="for --form votes: add the counts of the imported vote table"
    )


_FORMS = """forms:
  fer2013.csv, icml_face_data.csv, train.csv   tables of pixels; also .npz, and both in a zip or tar
  train/happy/1.png ...                        class folders (Kaggle, CK+48, SFEW), plain or in a zip or tar
  data.parquet                                 Hugging Face's form, a file or a folder of them
  clip.mp4                                     a video (MP4, MOV, AVI, MKV, WebM): one face per so many frames, found,
                                               cropped, equalised, 48x48; --label, or guessed for review
  clips/happy/1.mp4 ...                        videos in class folders
  cohn-kanade-images/ beside Emotion/          CK+ as distributed: the first frame neutral, the last the expression

Classes that FER2013 does not have (contempt) are left out and counted, as are pictures without a face. Names inside
archives and videos are never used as paths. Videos in archives are not read: unpack them."""


def _add_wishes(group: Any) -> None:
    group.add_argument("--every", type=int, metavar="N", help="videos: look at one frame in N (default 10)")
    group.add_argument(
        "--label", metavar="CLASS", help="the class of videos, and of pictures, that lie in no class folder"
    )
    group.add_argument(
        "--all-faces", action="store_true", default=None, help="videos: every face of a frame, not the largest alone"
    )
    group.add_argument(
        "--equalise",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="spread the grey values of each face evenly (default: videos yes, as the paper does; pictures no)",
    )
    group.add_argument(
        "--faces",
        choices=("auto", "always", "never"),
        help="pictures: look for the face and crop to it. auto: where both sides have more than 100 pixels",
    )
    group.add_argument("--peak", type=int, metavar="N", help="CK+: the last N frames are the expression (default 3)")
    group.add_argument(
        "--split-subjects",
        action="store_true",
        default=None,
        help="CK+, CK+48: a fifth of the people is PrivateTest, nobody stands in both splits (default: all Training)",
    )


def run_import(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from dataclasses import fields

    from fer_core.imaging.importing import Wishes, import_any

    imported = import_any(
        console.workspace,
        arguments.source,
        arguments.name,
        format=arguments.format,
        mode=arguments.mode,
        wishes=Wishes(**{wish.name: getattr(arguments, wish.name) for wish in fields(Wishes)}),
        find_guesser=lambda: _guesser(console),
        report=console.report,
    )
    document = _describe(console, imported.dataset)
    for sentence in imported.sentences():
        console.say(sentence)
    for row in imported.rejected:
        console.say(f"not taken: {row}")
    if imported.rejected:
        console.say(f"{len(imported.rejected):,} rows were not taken; the list is kept in dataset.json.")
    document["rejected"] = [{"where": row.where, "why": row.why} for row in imported.rejected]
    document["left_out"] = [{"where": row.where, "why": row.why} for row in imported.left_out]
    document["remarks"] = [{"where": row.where, "why": row.why} for row in imported.remarks]
    return document


def _guesser(console: Console) -> Any:
    """The model that labels what nobody has labelled; looked for when it is wanted."""
    from fer_core.prediction.guessing import find_guesser

    return find_guesser(console.workspace)


def run_demo(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.store import open_dataset

    if arguments.if_missing and (console.workspace.dataset(arguments.name) / "dataset.json").exists():
        return _describe(console, open_dataset(console.workspace, arguments.name))
    from fer_core.dataset.demo import create_demo

    dataset = create_demo(
        console.workspace, arguments.name, seed=arguments.seed, images=arguments.images, report=console.report
    )
    return _describe(console, dataset)


def run_datasets(arguments: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    from fer_core.dataset.store import list_datasets, open_dataset
    from fer_core.dataset.version import list_versions

    documents = []
    for info in list_datasets(console.workspace):
        versions = list_versions(open_dataset(console.workspace, info.name))
        about = (", synthetic" if info.synthetic else "") + (f", labels {info.labels}" if info.labels else "")
        console.say(f"{info.name}  {info.images:,} images{about}, hash {info.hash[:12]}")
        for version in versions:
            console.say(
                f"  {info.name}@{version['name']}  {sum(version['kept'].values()):,} images, "
                f"{version['relabelled']:,} relabelled, {version['dropped']:,} dropped{_more(version)}, "
                f"hash {version['hash'][:12]}"
            )
        documents.append(info.document() | {"versions": versions})
    if not documents:
        console.say(f"No data set in {console.workspace.root} yet. Make one: python -m fer_core demo")
    return documents


def _more(version: dict[str, Any]) -> str:
    """What a version does besides dropping and relabelling, in words; versions from before that do nothing of it."""
    parts = [(version.get("softened", 0), "soft"), (version.get("supplements", 0), "added")]
    return "".join(f", {count:,} {word}" for count, word in parts if count)


def run_export(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.version import open_version
    from fer_core.errors import UsageError

    version = open_version(console.workspace, arguments.version)
    document = {"version": str(version), "hash": version.hash, "target": str(arguments.target)}
    if arguments.form == "votes":
        from fer_core.review.judgement.vote_export import export_votes

        votes = export_votes(console.workspace, version, arguments.target, arguments.with_imported)
        console.say(f"{version}: {votes:,} votes written to {arguments.target}")
        return {**document, "form": "votes", "images": len(version.dataset), "votes": votes}
    if arguments.with_imported:
        raise UsageError("--with-imported belongs to --form votes.")
    from fer_core.dataset.exporting import export_version, form_of

    form = form_of(arguments.target, arguments.form)
    count = export_version(version, arguments.target, console.report, form)
    console.say(f"{version}: {count:,} images written to {arguments.target}")
    return {**document, "form": form, "images": count}


def _describe(console: Console, dataset: Any) -> dict[str, Any]:
    """Say and return what a data set holds."""
    from fer_core.dataset.store import dataset_info

    counts = dataset.counts()
    labels = dataset_info(dataset).labels
    synthetic = " (synthetic: drawn faces, no photographs)" if dataset.synthetic else ""
    console.say(f"{dataset.name}{synthetic}: {len(dataset):,} images, content hash {dataset.hash}")
    if labels:
        console.say(f"Its labels are {labels}: review them before they are trained on.")
    console.say(counts.assign(total=counts.sum(axis=1)).to_string())
    console.say(f"{'total':<10}" + "  ".join(f"{split} {count:,}" for split, count in counts.sum().items()))
    return {
        "name": dataset.name,
        "hash": dataset.hash,
        "images": len(dataset),
        "synthetic": dataset.synthetic,
        "labels": labels,
        "counts": {split: counts[split].to_dict() for split in counts},
    }
