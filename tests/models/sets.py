"""Small model sets made of files with hashes, for what does not run a model."""

from __future__ import annotations

from pathlib import Path

from citewell.models.modelset import SET_FILE, ModelSet, describe_models, description

ROLES = ("encoder", "reader", "verifier")


def make_set(directory: Path, name: str, *, size: int = 3000, encoder: str = "other@000000000000") -> ModelSet:
    """A set with an encoder, a reader and a verifier of a few files each."""
    for role in ROLES:
        folder = directory / f"{name}-{role}"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(f"{name} {role} ".encode() * (size // 10))
        (folder / "heads.json").write_text(f'{{"made for": "{name}"}}')
    models = {role: (f"{name}-{role}", f"{name}-{role}@0123456789ab") for role in ROLES}
    models["encoder"] = (f"{name}-encoder", encoder)
    found = describe_models(directory, name, models, calibration={"threshold": len(name)})
    (directory / SET_FILE).write_bytes(description(found))
    return found
