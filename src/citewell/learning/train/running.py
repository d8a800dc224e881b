"""What every recipe is trained with: transformers.Trainer and its relatives, with a plan, checkpoints and care.

:func:`conduct` runs any of them: it measures how fast a step is, says what the training will take, chooses the number
of steps for a budget, goes on from the newest whole checkpoint, keeps the best weights, and stops when the loss is no
number any more. :func:`fit` is the one for our own networks, on batches planned by tokens.

On one machine with one number of threads the same seed gives the same weights, bit for bit, also when the program was
killed in between. Nothing is pickled here: weights are safetensors, and the optimizer's state, which transformers
writes with torch.save, is only ever loaded with ``weights_only=True``, where torch refuses everything but tensors and
plain values.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from citewell.errors import UserError
from citewell.learning.checkpoints import (
    keep_newest,
    need_same,
    newest_whole,
    not_written,
    read_plan,
    seal,
    write_plan,
)
from citewell.learning.curves import Curve, Progress
from citewell.learning.recipes import sample
from citewell.learning.train.pace import PROBE_STEPS, choose_steps, minutes, seconds_per_step

WEIGHTS_NAME = "model.safetensors"
GRACE = 0.1  # share of the budget by which a training may run over it before it is stopped
MEASURED_BATCHES = 24  # of a side, to tell the tokens of a step
ONLY_STEPS = {"save_strategy": "no", "logging_strategy": "no"}

Batch = dict[str, torch.Tensor]
Report = Callable[[str], None]
Watcher = Callable[[Progress], None]
Build = Callable[[Any, Mapping[str, Any], list[TrainerCallback]], Trainer]
"""From a network, values for the training arguments, and callbacks: a trainer of it."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """learning_rate: its highest, after the warm-up and before the linear way down to 0. steps: in all, at most.

    budget: seconds for the training itself; fewer steps are taken when they do not fit. threads: of the processor;
    0 leaves that to torch.
    """

    steps: int
    learning_rate: float = 1.2e-4
    warmup: float = 0.06  # share of the steps
    weight_decay: float = 0.01
    seed: int = 0
    evaluate_every: int = 250  # steps; also how often a checkpoint is written; 0: eight times
    log_every: int = 25
    patience: int = 0  # evaluations without a better held-out loss before it stops; 0: never, and the last weights stay
    budget: float = 0.0
    threads: int = 0
    bf16: bool = True


# -- trainers ----------------------------------------------------------------------------------------------------------


class Careful(Trainer):
    """What our trainers do differently: whole checkpoints or none, and an end to a loss that is no number."""

    def training_step(self, *given: Any, **named: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*given, **named)
        if not torch.isfinite(loss):
            raise self._diverged(f"The training loss became {float(loss)}")
        return loss

    def _diverged(self, what: str) -> UserError:
        before = [entry for entry in self.state.log_history if "loss" in entry]
        known = f"; it was {before[-1]['loss']:.3g} at step {before[-1]['step']}" if before else ""
        rate = self.args.learning_rate
        return UserError(
            f"{what} at step {self.state.global_step + 1}{known}. Nothing was exported, models in use are as they "
            f"were. Try a lower learning rate (it was {rate:g}; --learning-rate {rate / 3:.1g} --fresh); if that does "
            "not help, look for empty or damaged rows in the data."
        )

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        place = Path(output_dir or self.args.output_dir)
        place.mkdir(parents=True, exist_ok=True)
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.model.state_dict().items()}
        if broken := [name for name, value in tensors.items() if not torch.isfinite(value).all()]:
            raise self._diverged(f"The weights {broken[0]} became no numbers")
        save_file(tensors, place / WEIGHTS_NAME)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        place = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            super()._save_checkpoint(model, trial)
            seal(place)
        except (OSError, SafetensorError) as error:
            raise not_written(place, error) from error
        except RuntimeError as error:  # torch has no narrower one for a file it could not write
            if "writ" not in str(error) and "open" not in str(error):
                raise
            raise not_written(place, error) from error
        keep_newest(place.parent, self.state.best_global_step if self.args.load_best_model_at_end else None)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        _load_weights(self.model, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        _load_weights(self.model, Path(self.args.output_dir) / f"checkpoint-{self.state.best_global_step}")


def _load_weights(network: Any, checkpoint: Path) -> None:
    network.load_state_dict(load_file(checkpoint / WEIGHTS_NAME))


class _Batches(torch.utils.data.Dataset[Any]):
    def __init__(self, make: Callable[[Any], Batch], plans: Sequence[Any]) -> None:
        self._make, self._plans = make, plans

    def __len__(self) -> int:
        return len(self._plans)

    def __getitem__(self, index: int) -> Batch:
        return self._make(self._plans[index])


class _Trainer(Careful):
    def __init__(self, loss: Callable[[Any, Batch], torch.Tensor], **rest: Any) -> None:
        super().__init__(**rest)
        self._loss = loss

    def compute_loss(self, model: Any, inputs: Batch, return_outputs: bool = False, **_: Any) -> Any:
        logits = model(inputs["input_ids"], inputs["token_type_ids"], inputs["attention_mask"])
        loss = self._loss(logits, inputs)
        return (loss, logits) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Batch, prediction_loss_only: bool, ignore_keys: Any = None) -> Any:
        with torch.no_grad():
            loss = self.compute_loss(model, self._prepare_inputs(inputs))
        return loss.detach(), None, None


def fit(
    network: Any, loss: Callable[[Any, Batch], torch.Tensor], make: Callable[[Any], Batch], train: Sequence[Any],
    held_out: Sequence[Any], settings: TrainingSettings, work: Path, report: Report, *,
    progress: Watcher | None = None, identity: str = "",
) -> Curve:  # fmt: skip
    """Trains ``network`` in place on the planned batches. work: where checkpoints go; one there is gone on from.

    identity: of the data and the base model; another one in ``work`` is refused.
    """

    def build(trained: Any, values: Mapping[str, Any], callbacks: list[TrainerCallback]) -> Trainer:
        return _Trainer(
            loss, model=trained, args=arguments_of(TrainingArguments, values), train_dataset=_Batches(make, train),
            eval_dataset=_Batches(make, held_out) if held_out else None, data_collator=lambda batches: batches[0],
            callbacks=callbacks,
        )  # fmt: skip

    sizes = [[make(each)["input_ids"].numel() for each in sample(side, MEASURED_BATCHES)] for side in (train, held_out)]
    tokens, beside = (sum(each) / max(1, len(each)) for each in sizes)
    return conduct(
        network, build, settings, work, report, held_out=len(held_out) * beside / max(1.0, tokens),
        tokens_per_step=tokens, progress=progress, identity=identity,
    )  # fmt: skip


# -- the run -----------------------------------------------------------------------------------------------------------


def conduct(
    network: Any, build: Build, settings: TrainingSettings, work: Path, report: Report, *, held_out: float,
    tokens_per_step: float = 0.0, progress: Watcher | None = None, identity: str = "",
) -> Curve:  # fmt: skip
    """Trains ``network`` in place with the trainers that ``build`` makes, or goes on with what ``work`` holds.

    held_out: size of the held-out side, in steps' worth of tokens; 0 when there is none.
    """
    with quiet(settings.threads):
        plan = _plan(network, build, settings, work, report, held_out, tokens_per_step, identity)
        curve = Curve.restored(plan.get("finished", {}))
        weights = work / f"checkpoint-{curve.best or curve.steps}"
        if curve.steps and (weights / WEIGHTS_NAME).is_file():
            _load_weights(network, weights)
            report("this training is finished already; its weights are used")
            return curve
        checkpoint = newest_whole(work, report)
        if checkpoint:
            report(f"going on from {checkpoint.name} of {plan['steps']} steps")
        watch = _Watch(settings, report, progress, evaluates=held_out > 0)
        trainer = build(network, _values(settings, work, plan, held_out > 0), [watch])
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        curve = watch.curve_of(trainer.state)
        write_plan(work, plan | {"finished": asdict(curve)})
        return curve


def arguments_of(kind: type[TrainingArguments], values: Mapping[str, Any], **more: Any) -> Any:
    """Training arguments for one device: batches are planned as wholes and must not be dealt out to several."""
    arguments = kind(**values, **more)
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # there is no public way
    return arguments


def _values(settings: TrainingSettings, work: Path, plan: Mapping[str, Any], evaluates: bool) -> dict[str, Any]:
    gpu = torch.cuda.is_available()
    every, best = plan["evaluate_every"], evaluates and settings.patience > 0
    return {
        "output_dir": str(work), "max_steps": plan["steps"],
        "per_device_train_batch_size": 1, "per_device_eval_batch_size": 1,
        "learning_rate": settings.learning_rate, "lr_scheduler_type": "linear",
        "warmup_steps": round(settings.warmup * plan["steps"]), "weight_decay": settings.weight_decay,
        "max_grad_norm": 1.0, "optim": "adamw_torch_fused",
        "bf16": settings.bf16 and (not gpu or torch.cuda.is_bf16_supported()), "use_cpu": not gpu,
        "seed": settings.seed, "data_seed": settings.seed,
        "eval_strategy": "steps" if evaluates else "no", "eval_steps": every,
        "save_strategy": "steps", "save_steps": every, "logging_steps": max(1, min(settings.log_every, every)),
        "load_best_model_at_end": best, "metric_for_best_model": "eval_loss" if best else None,
        "greater_is_better": False if best else None,
        "logging_nan_inf_filter": False, "report_to": [], "disable_tqdm": True, "remove_unused_columns": False,
        "dataloader_pin_memory": False,
    }  # fmt: skip


class _Watch(TrainerCallback):
    """Tells of every step, evaluates at the end, and stops when the budget is used up or nothing gets better."""

    def __init__(self, settings: TrainingSettings, report: Report, progress: Watcher | None, evaluates: bool) -> None:
        self._settings, self._report, self._progress, self._evaluates = settings, report, progress, evaluates
        self._started = time.monotonic()
        self._first, self._before, self._stopped = 0, 0.0, ""

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._first, self._started = state.global_step, time.monotonic()
        self._before = max((entry.get("seconds", 0.0) for entry in state.log_history), default=0.0)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        budget = self._settings.budget
        if budget and self._used() > (1 + GRACE) * budget and state.global_step < state.max_steps:
            self._stopped = (
                f"it took more than {1 + GRACE:g} times its budget of {minutes(budget)}: the machine became slower. "
                "The learning rate had not come down to 0"
            )
            self._report(f"stopping at step {state.global_step} of {state.max_steps}: {self._stopped}")
            control.should_training_stop = True
        if control.should_training_stop or state.global_step >= state.max_steps:
            control.should_save, control.should_evaluate = True, self._evaluates
        self._tell(state)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if state.log_history:
            state.log_history[-1]["seconds"] = round(self._used(), 1)  # what a later run goes on counting from
        if logs and "loss" in logs:
            self._report(
                f"step {state.global_step}/{state.max_steps} loss {logs['loss']:.3f} {self._used():.0f} s, "
                f"{self._left(state):.0f} s left"
            )
        if logs and "eval_loss" in logs:
            self._report(f"step {state.global_step} held-out loss {logs['eval_loss']:.4f}")

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
        since = len(losses) - 1 - losses.index(min(losses)) if losses else 0
        if 0 < self._settings.patience <= since and state.global_step < state.max_steps:
            self._stopped = f"the held-out loss did not get better {since} times in a row"
            self._report(f"stopping at step {state.global_step} of {state.max_steps}: {self._stopped}")
            control.should_training_stop = True
        self._tell(state)

    def curve_of(self, state: Any) -> Curve:
        log = state.log_history
        return Curve(
            train=[(entry["step"], float(entry["loss"])) for entry in log if "loss" in entry],
            held_out=[(entry["step"], float(entry["eval_loss"])) for entry in log if "eval_loss" in entry],
            seconds=round(self._used(), 1), steps=state.global_step, planned=state.max_steps,
            best=state.best_global_step or 0, stopped=self._stopped,
        )  # fmt: skip

    def _used(self) -> float:
        return self._before + time.monotonic() - self._started

    def _left(self, state: Any) -> float:
        done = max(1, state.global_step - self._first)
        return float((time.monotonic() - self._started) / done * (state.max_steps - state.global_step))

    def _tell(self, state: Any) -> None:
        if self._progress:
            newest = {
                name: entry[name] for entry in state.log_history for name in ("loss", "eval_loss") if name in entry
            }
            self._progress(Progress(
                state.global_step, state.max_steps, newest.get("loss"), newest.get("eval_loss"), self._used(),
                self._left(state),
            ))  # fmt: skip


def _plan(
    network: Any, build: Build, settings: TrainingSettings, work: Path, report: Report, held_out: float,
    tokens_per_step: float, identity: str,
) -> dict[str, Any]:  # fmt: skip
    """What this training is to do: as it was begun, or measured and written down now."""
    wanted = {**asdict(settings), "data": identity}
    plan = read_plan(work)
    if plan:
        need_same(work, plan["settings"], wanted)
        return plan
    values = _values(settings, work, {"steps": PROBE_STEPS, "evaluate_every": PROBE_STEPS}, evaluates=False)
    seconds = seconds_per_step(
        lambda watch: build(copy.deepcopy(network), values | ONLY_STEPS, [watch]), settings.budget
    )
    pace = choose_steps(settings.steps, settings.budget, settings.evaluate_every, seconds, held_out)
    told = f"{pace.steps:,} steps of about {tokens_per_step:,.0f} tokens, {pace.steps * tokens_per_step:,.0f} in all"
    cut = f"; {settings.steps:,} would not fit into {minutes(settings.budget)}" if pace.steps < settings.steps else ""
    report(f"estimate: {told}, about {minutes(pace.seconds)} ({seconds:.2f} s a step){cut}")
    plan = {
        "steps": pace.steps, "evaluate_every": pace.every, "seconds_per_step": round(seconds, 4), "settings": wanted,
    }  # fmt: skip
    write_plan(work, plan)
    return plan


@contextmanager
def quiet(threads: int = 0) -> Iterator[None]:
    """Without the library's own messages and bars, and on so many threads."""
    level, before = transformers.utils.logging.get_verbosity(), torch.get_num_threads()
    bars = transformers.utils.logging.is_progress_bar_enabled()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        transformers.utils.logging.set_verbosity(level)
        if bars:
            transformers.utils.logging.enable_progress_bar()
        torch.set_num_threads(before)
