"""Commands about trained models: models list, show, use, rollback."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citewell.cli.app import CollectionOption, JsonOption, app, collection_path
from citewell.cli.output import console, message, print_json, printable

if TYPE_CHECKING:
    from citewell.models.modelset import ModelSet
    from citewell.store import Store

models = typer.Typer(
    no_args_is_help=True, help="Choose which trained models a collection is asked with, and go back.",
)  # fmt: skip
app.add_typer(models, name="models")


@models.command("list")
def list_(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """List the set that ships and the collection's own, and which is in use."""
    from citewell.errors import UserError
    from citewell.models import modelset, switching

    directory = _folder(context, collection)
    used = modelset.read_current(directory)[0] if directory else modelset.SHIPPED
    rows: list[dict[str, Any]] = []
    for set_id in [modelset.SHIPPED, *(switching.installed(directory) if directory else ())]:
        try:
            rows.append(_summary(modelset.find_model_set(directory, set_id), used))
        except UserError as error:
            rows.append({"id": set_id, "in_use": set_id == used, "damaged": str(error)})
    if json:
        print_json({"sets": rows})
        return
    for row in rows:
        mark = "*" if row["in_use"] else " "
        if "damaged" in row:
            console().print(f"{mark} {row['id']:<16}  damaged")
            message(row["damaged"])
            continue
        made = f"{row['created_at'][:16].replace('T', ' ')}  {row['bytes'] / 1e6:6.1f} MB"
        console().print(f"{mark} {row['id']:<16}  {printable(row['name']):<20}  {made}  {', '.join(row['models'])}")


@models.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[SET]", help="Its id or name. [default: the one in use]")] = "",
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Show a set: its models, its calibration, what it was made from. Compares every file with its hash."""
    from citewell.models import modelset, switching

    directory = _folder(context, collection)
    used = modelset.read_current(directory)[0] if directory else modelset.SHIPPED
    chosen = used
    if name:
        chosen = switching.choose(directory, name) if directory else modelset.SHIPPED
    found = modelset.find_model_set(directory, chosen)
    found.check()
    if json:
        print_json({"id": found.id, "in_use": found.id == used, "bytes": found.bytes, **found.to_json()})
        return
    screen = console()
    screen.print(f"{found.name}  {found.id}{'  (in use)' if found.id == used else ''}")
    screen.print(f"made {found.created_at}, from {found.parent or 'nothing before it'}")
    for role, entry in found.models.items():
        screen.print(f"  {role:<9} {printable(entry.identity)}, {len(entry.files)} files, all as recorded")
    for key, value in found.calibration.items():
        screen.print(f"  {printable(key)}: {printable(str(value))}")


@models.command()
def use(
    context: typer.Context,
    chosen: Annotated[
        str, typer.Argument(metavar="DIR|SET", help="A directory with a model set, or the id or name of one.")
    ],
    collection: CollectionOption = None,
    json: JsonOption = False,
) -> None:
    """Put a set to use: one from a directory, which is copied into the collection, or one that is there already."""
    import citewell
    from citewell.models import switching
    from citewell.models.modelset import MODELS

    with citewell.open(collection_path(context, collection)).store.writing() as store:
        given = Path(chosen).expanduser()
        found = switching.use(store.root / MODELS, given if given.is_dir() else chosen)
        _tell(found, store, json, undo=True)


@models.command()
def rollback(context: typer.Context, collection: CollectionOption = None, json: JsonOption = False) -> None:
    """Go back to the set that was in use before the present one."""
    import citewell
    from citewell.models import switching
    from citewell.models.modelset import MODELS

    with citewell.open(collection_path(context, collection)).store.writing() as store:
        _tell(switching.rollback(store.root / MODELS), store, json, undo=False)


def _folder(context: typer.Context, collection: Path | None) -> Path | None:
    """The collection's folder for models; ``None`` where there is no collection, because what ships can be shown."""
    import citewell
    from citewell.models.modelset import MODELS
    from citewell.store import MANIFEST

    path = collection_path(context, collection)
    if collection is None and not (path / MANIFEST).exists():
        message(f"There is no collection at '{path}'; this is what ships.")
        return None
    return citewell.open(path).store.root / MODELS


def _summary(found: ModelSet, used: str) -> dict[str, Any]:
    return {
        "id": found.id, "name": found.name, "in_use": found.id == used, "created_at": found.created_at,
        "parent": found.parent, "bytes": found.bytes,
        "models": {role: entry.identity for role, entry in found.models.items()},
    }  # fmt: skip


def _tell(found: ModelSet, store: Store, json: bool, *, undo: bool) -> None:
    from citewell.models.modelset import ENCODER, SHIPPED

    command = ""
    if ENCODER in found.models and found.models[ENCODER].identity != store.manifest.encoder:
        path = found.models[ENCODER].path
        command = f"citewell reindex --encoder {path if found.id == SHIPPED else found.directory / path}"
    if json:
        print_json({**_summary(found, found.id), "needs": command})
        return
    held = ", ".join(f"{role} {entry.identity}" for role, entry in found.models.items())
    console().print(f"In use: {found.name} ({found.id}): {printable(held)}.")
    if undo:
        console().print("To go back:  citewell models rollback")
    if command:
        message(
            f"The vectors of this collection were made by {store.manifest.encoder}, and it is searched with that until "
            f"you re-index it:  {command}"
        )
