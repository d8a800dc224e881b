"""The trainer that all recipes share, on a tiny random network: seeds, budgets, kills, full disks, bad losses."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.learning import tiny_training

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("accelerate")

import torch

from citewell.errors import StorageError, UserError
from citewell.learning import checkpoints
from citewell.learning.train import joint, running
from citewell.learning.train.backbone import PairNetwork, load_network
from citewell.learning.train.pace import choose_steps, minutes
from citewell.learning.train.running import Curve, TrainingSettings, fit
from citewell.models.pairs import PairTokens

pytestmark = pytest.mark.filterwarnings("default")


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_training.base(tmp_path_factory.mktemp("base") / "model")


def groups(base: Path) -> tuple[list[joint.Group], list[joint.Group]]:
    found = joint.groups_of(tiny_training.reading(32), PairTokens(base / "tokenizer.json"))
    return found[:24], found[24:]


def train(base: Path, work: Path, settings: TrainingSettings, report=silent, **rest) -> tuple[PairNetwork, Curve]:
    trained, held_out = groups(base)
    network = load_network(base, joint.HEADS, settings.seed)
    sides = [
        [[side[index] for index in batch] for batch in joint.plan(side, 200, settings.seed)]
        for side in (trained, held_out)
    ]
    curve = fit(network, joint.loss_of, joint.collate, *sides, settings, work, report, **rest)
    return network, curve


def same(one: PairNetwork, other: PairNetwork) -> bool:
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


SHORT = TrainingSettings(steps=24, evaluate_every=4, log_every=2, learning_rate=1e-3, threads=1)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(base: Path, tmp_path: Path) -> None:
    one, curve = train(base, tmp_path / "one", SHORT)
    two, _ = train(base, tmp_path / "two", SHORT)
    other, _ = train(base, tmp_path / "other", TrainingSettings(**{**settings_of(SHORT), "seed": 1}))
    assert same(one, two)
    assert not same(one, other)
    assert not same(one, load_network(base, joint.HEADS, 0)), "it learnt something"
    assert curve.train[-1][1] < curve.train[0][1]
    assert [step for step, _ in curve.held_out] == [4, 8, 12, 16, 20, 24]
    assert (curve.steps, curve.planned, curve.stopped) == (24, 24, "")


def settings_of(settings: TrainingSettings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in TrainingSettings.__slots__}


def test_the_words_stay_what_they_were(base: Path, tmp_path: Path) -> None:
    network, _ = train(base, tmp_path / "work", SHORT)
    before = load_network(base, joint.HEADS, 0)
    for name, value in before.body.embeddings.state_dict().items():
        assert torch.equal(value, network.body.embeddings.state_dict()[name]), name


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.learning.test_training_runs import SHORT, train
import citewell.learning.train.running as running
from safetensors.torch import save_file

base, work, step, when, out = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], Path(sys.argv[5])
heard = []

def watch(progress):
    if when == "step" and progress.step == step:
        os.kill(os.getpid(), signal.SIGKILL)

if when == "sealing":
    def seal(place):
        if place.name == f"checkpoint-{step}":
            os.kill(os.getpid(), signal.SIGKILL)
        known(place)
    known, running.seal = running.seal, seal
network, _ = train(base, work, SHORT, heard.append, progress=watch)
save_file(network.state_dict(), out)
out.with_suffix(".txt").write_text("\\n".join(heard))
"""


def run_killed(base: Path, work: Path, step: int, when: str, out: Path) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(base), str(work), str(step), when, str(out)]
    return subprocess.run(command, check=False, env=environment, timeout=900).returncode


@pytest.mark.parametrize(("step", "when"), [(11, "step"), (12, "sealing")])
def test_a_killed_run_goes_on_to_the_same_weights(base: Path, tmp_path: Path, step: int, when: str) -> None:
    from safetensors.torch import load_file

    whole, curve = train(base, tmp_path / "whole", SHORT)
    assert run_killed(base, tmp_path / "work", step, when, tmp_path / "out.safetensors") == -signal.SIGKILL
    assert not (tmp_path / "out.safetensors").exists()
    assert run_killed(base, tmp_path / "work", -1, "never", tmp_path / "out.safetensors") == 0
    heard = (tmp_path / "out.txt").read_text()
    assert "going on from checkpoint-8 of 24 steps" in heard
    assert ("checkpoint-12 is passed over: it was not written to its end" in heard) == (when == "sealing")
    resumed = load_file(tmp_path / "out.safetensors")
    assert all(torch.equal(value, resumed[name]) for name, value in whole.state_dict().items())
    finished = checkpoints.read_plan(tmp_path / "work")["finished"]
    assert finished["train"] == [list(each) for each in curve.train], "the curve is whole, too"


def test_a_finished_training_is_not_trained_again(base: Path, tmp_path: Path) -> None:
    one, curve = train(base, tmp_path / "work", SHORT)
    heard: list[str] = []
    two, again = train(base, tmp_path / "work", SHORT, heard.append)
    assert same(one, two)
    assert again.steps == curve.steps
    assert heard == ["this training is finished already; its weights are used"]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(base: Path, tmp_path: Path) -> None:
    one, _ = train(base, tmp_path / "work", SHORT)
    newest = checkpoints.all_checkpoints(tmp_path / "work")[-1]
    weights = bytearray((newest / "model.safetensors").read_bytes())
    weights[-100] ^= 1
    (newest / "model.safetensors").write_bytes(weights)
    plan = checkpoints.read_plan(tmp_path / "work")
    checkpoints.write_plan(tmp_path / "work", {name: plan[name] for name in plan if name != "finished"})
    heard: list[str] = []
    two, _ = train(base, tmp_path / "work", SHORT, heard.append)
    assert heard[0] == "note: checkpoint-24 is passed over: model.safetensors is not as it was written"
    assert heard[1] == "going on from checkpoint-20 of 24 steps"
    assert same(one, two)


def test_other_settings_do_not_go_on_with_a_training(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path / "work", SHORT)
    with pytest.raises(UserError, match=r"learning_rate was 0.001 and is 0.002.*--fresh"):
        train(base, tmp_path / "work", TrainingSettings(**{**settings_of(SHORT), "learning_rate": 2e-3}))
    with pytest.raises(UserError, match="data was '' and is 'others'"):
        train(base, tmp_path / "work", SHORT, identity="others")


# -- budgets -----------------------------------------------------------------------------------------------------------


def test_a_budget_chooses_steps_that_fit_and_says_so_before(base: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    settings = TrainingSettings(steps=1_000_000, evaluate_every=0, log_every=10, budget=6, threads=1)
    started = time.monotonic()
    _, curve = train(base, tmp_path / "work", settings, heard.append)
    assert heard[0].startswith("estimate: ")
    assert "1,000,000 would not fit into 6 s" in heard[0]
    assert 1 < curve.planned < 1_000_000
    assert checkpoints.read_plan(tmp_path / "work")["steps"] == curve.planned
    assert time.monotonic() - started < 60
    if not curve.stopped:
        assert curve.steps == curve.planned


def test_a_machine_that_becomes_slower_is_stopped_after_the_grace(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "seconds_per_step", lambda build, budget: 1e-5)
    settings = TrainingSettings(steps=100_000, evaluate_every=0, budget=1.5, threads=1, log_every=50)
    heard: list[str] = []
    started = time.monotonic()
    network, curve = train(base, tmp_path / "work", settings, heard.append)
    assert curve.steps < curve.planned == 100_000
    assert "1.1 times its budget of 2 s" in curve.stopped
    assert any("the machine became slower" in line for line in heard)
    assert time.monotonic() - started < 60
    assert checkpoints.all_checkpoints(tmp_path / "work")[-1].name == f"checkpoint-{curve.steps}"
    again, other = train(base, tmp_path / "work", settings)
    assert same(network, again), "what was stopped is finished"
    assert other.stopped == curve.stopped


def test_too_small_a_budget_is_refused() -> None:
    with pytest.raises(UserError, match=r"budget of 1 s is not enough: a step takes 2\.0 s"):
        choose_steps(100, 1.0, 0, 2.0, 1.0)


@pytest.mark.parametrize(("budget", "every", "held_out"), [(600, 0, 0), (600, 0, 40), (600, 100, 40), (60, 0, 200)])
def test_what_is_chosen_fits_into_the_budget(budget: float, every: int, held_out: float) -> None:
    pace = choose_steps(10**6, budget, every, 0.1, held_out)
    assert 0.6 * budget < pace.seconds <= budget
    assert 1 <= pace.every <= pace.steps


def test_without_a_budget_all_steps_are_taken() -> None:
    assert choose_steps(1000, 0, 0, 0.1, 5).steps == 1000
    assert choose_steps(1000, 0, 250, 0.1, 5).every == 250
    assert [minutes(each) for each in (40, 720, 7500)] == ["40 s", "12 min", "2 h 5 min"]


# -- the best weights --------------------------------------------------------------------------------------------------


def test_it_stops_when_nothing_gets_better_and_keeps_the_best_weights(base: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    settings = TrainingSettings(steps=400, evaluate_every=4, log_every=4, learning_rate=3e-2, patience=3, threads=1)
    network, curve = train(base, tmp_path / "work", settings, heard.append)
    losses = dict(curve.held_out)
    assert curve.steps < 400
    assert "did not get better 3 times in a row" in curve.stopped
    assert losses[curve.best] == min(losses.values())
    assert curve.steps == curve.best + 12
    kept = [checkpoints.step_of(each) for each in checkpoints.all_checkpoints(tmp_path / "work")]
    assert kept == [curve.best, curve.steps - 4, curve.steps]
    _, held_out = groups(base)
    with torch.no_grad():
        batches = [joint.collate([held_out[index] for index in batch]) for batch in joint.plan(held_out, 200, 0)]
        given = [[batch[name] for name in ("input_ids", "token_type_ids", "attention_mask")] for batch in batches]
        found = [float(joint.loss_of(network(*one), batch)) for one, batch in zip(given, batches, strict=True)]
        mean = sum(found) / len(found)
    assert mean == pytest.approx(losses[curve.best], rel=0.05), "these are the best weights, up to bf16"


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_stops_with_advice(base: Path, tmp_path: Path) -> None:
    settings = TrainingSettings(steps=200, evaluate_every=5, log_every=1, learning_rate=1e30, threads=1)
    with pytest.raises(UserError, match=r"became.*Nothing was exported.*--learning-rate .* --fresh"):
        train(base, tmp_path / "work", settings)
    for each in checkpoints.all_checkpoints(tmp_path / "work"):
        if not checkpoints.fault_of(each):
            from safetensors.torch import load_file

            assert all(torch.isfinite(value).all() for value in load_file(each / "model.safetensors").values())


def test_a_disk_that_is_full_names_the_checkpoint_before_and_goes_on_later(base: Path, tmp_path: Path) -> None:
    whole, _ = train(base, tmp_path / "whole", SHORT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(progress) -> None:
        if progress.step == 9:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))

    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(StorageError, match=r"checkpoint of step 12 could not be written.*of step 8 is whole"):
            train(base, tmp_path / "work", SHORT, progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert [each.name for each in checkpoints.all_checkpoints(tmp_path / "work")] == ["checkpoint-4", "checkpoint-8"]
    heard: list[str] = []
    resumed, _ = train(base, tmp_path / "work", SHORT, heard.append)
    assert heard[0] == "going on from checkpoint-8 of 24 steps"
    assert same(whole, resumed)


def test_the_optimizers_state_is_loaded_without_unpickling_objects(base: Path, tmp_path: Path) -> None:
    """A checkpoint that somebody tampered with, seal and all, runs no code."""
    import pickle

    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harmed"),)

    train(base, tmp_path / "work", SHORT)
    newest = checkpoints.all_checkpoints(tmp_path / "work")[-1]
    torch.save(Harm(), newest / "optimizer.pt")
    checkpoints.seal(newest)
    plan = checkpoints.read_plan(tmp_path / "work")
    checkpoints.write_plan(tmp_path / "work", {name: plan[name] for name in plan if name != "finished"} | {"steps": 28})
    with pytest.raises(pickle.UnpicklingError):
        train(base, tmp_path / "work", SHORT)
    assert not (tmp_path / "harmed").exists()
    assert not list((tmp_path / "work").rglob("training_args.bin"))


def test_a_damaged_plan_is_named(base: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / checkpoints.PLAN_NAME).write_text("{")
    with pytest.raises(UserError, match=r"PLAN\.json' cannot be read.*Delete the folder"):
        train(base, tmp_path / "work", SHORT)


def test_the_curve_is_written_as_plain_numbers(base: Path, tmp_path: Path) -> None:
    _, curve = train(base, tmp_path / "work", SHORT)
    told = json.loads(json.dumps(curve.to_json()))
    assert told["steps"] == told["planned_steps"] == told["best_step"] == 24
    assert told["held_out"][-1][0] == 24
