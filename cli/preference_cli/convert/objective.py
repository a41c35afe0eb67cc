"""Losses and the reference model."""

from collections.abc import Iterator

from preference_api.v1alpha1.methods import DPOLoss, Method, Reference
from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.locations import model_location
from preference_cli.convert.rows import Field, Outcome, Row, Rule, Unmapped, outcome
from preference_cli.convert.settings import Settings
from preference_cli.errors import CommandError

_RENAMED = {"aot_pair": DPOLoss.AOT_UNPAIRED}
_SMOOTHED = {DPOLoss.ROBUST, DPOLoss.EXO_PAIR, DPOLoss.AOT, DPOLoss.AOT_UNPAIRED}
_EXO_SMOOTHING = 1e-3
"""What TRL took for exo_pair where labelSmoothing was 0, and its paper recommends."""
_LOSS = ("loss_type", "loss_weights", "rpo_alpha")


def _losses(settings: Settings) -> list[tuple[str, float | None]]:
    """The names of the losses as written, each with its weight if there are weights."""
    names = settings.texts("loss_type")
    weights = settings.read("loss_weights", values.numbers)
    if weights is None:
        return [(name, None) for name in names]
    if len(weights) != len(names):
        raise CommandError(
            f"loss_weights names {len(weights)} weights for {len(names)} losses",
            remedy="give one weight for each entry of loss_type",
        )
    return list(zip(names, weights, strict=True))


def losses_of(settings: Settings) -> list[tuple[DPOLoss, float | None]]:
    """The losses that a manifest can name, with TRL's former `rpo_alpha` as a loss of its own.

    RPO adds alpha times the likelihood of the chosen answer (https://arxiv.org/abs/2404.19733),
    which is `sft` beside the preference loss.
    """
    named = [(_loss(name), weight) for name, weight in _losses(settings)]
    found = [(loss, weight) for loss, weight in named if loss is not None]
    found = found or [(DPOLoss.SIGMOID, None)]
    alpha = settings.number("rpo_alpha")
    if alpha:
        found = [(loss, 1.0 if weight is None else weight) for loss, weight in found]
        found.append((DPOLoss.SFT, alpha))
    return found


def _loss(name: str) -> DPOLoss | None:
    if name in _RENAMED:
        return _RENAMED[name]
    return DPOLoss(name) if name in set(DPOLoss) else None


def _loss_outcomes(settings: Settings) -> Iterator[Outcome]:
    found = losses_of(settings)
    if all(loss is DPOLoss.SFT for loss, _ in found):
        raise CommandError(
            "loss_type: sft alone learns nothing from rejected answers",
            remedy="add a preference loss, or use spec.sft for a stage before",
        )
    kind = Kind.CHANGED if _changes(settings) else Kind.MAPPED
    note = " ".join(_changes(settings))
    named = tuple(name for name in _LOSS if settings.has(name)) or _LOSS[:1]
    value = [loss.value for loss, _ in found]
    yield outcome(settings, named, kind=kind, target="dpo.loss", value=value, note=note)
    weights = [weight for _, weight in found if weight is not None]
    if weights:
        yield outcome(settings, named, target="dpo.lossWeights", value=weights)
    yield from _lost(settings)


def _changes(settings: Settings) -> list[str]:
    names = settings.texts("loss_type")
    notes = [f"{old} is now {new.value}." for old, new in _RENAMED.items() if old in names]
    if settings.number("rpo_alpha"):
        notes.append("rpo_alpha is the weight of an sft loss beside the preference loss.")
    return notes


def _lost(settings: Settings) -> Iterator[Outcome]:
    for name in settings.texts("loss_type"):
        if _loss(name) is None:
            near = "; bco_pair also judges each answer by itself" if name == "kto_pair" else ""
            note = f"there is no loss {name} for pairs{near}; without another loss sigmoid is used"
            yield outcome(settings, _LOSS[:1], kind=Kind.UNMAPPED, target="dpo.loss", note=note)


def _smoothing(settings: Settings) -> Iterator[Outcome]:
    """Label smoothing, where a loss uses it (TRL 1.16, `DPOTrainer._compute_loss`)."""
    names, target = ("label_smoothing",), "dpo.labelSmoothing"
    share = settings.number("label_smoothing") or 0.0
    losses = {loss for loss, _ in losses_of(settings)}
    if DPOLoss.EXO_PAIR in losses and share == 0:
        note = f"exo_pair needs a value above 0: {_EXO_SMOOTHING:g}, as in its paper"
        value = _EXO_SMOOTHING
        yield outcome(settings, names, kind=Kind.CHANGED, target=target, value=value, note=note)
    elif share and not losses & _SMOOTHED:
        note = "only robust, exo_pair, aot and aot_unpaired use it; robust is the nearest"
        yield outcome(settings, names, kind=Kind.UNMAPPED, target=target, note=note)
    elif DPOLoss.ROBUST in losses and share >= 0.5:
        raise CommandError(
            f"label_smoothing: robust needs less than 0.5, not {share:g}",
            remedy="it is the share of swapped labels; lower it in the source",
        )
    else:
        yield outcome(settings, names, target=target, value=share)


def _reference(settings: Settings) -> Iterator[Outcome]:
    """Cached and Online give the same result, so that a left-out setting is left to Auto."""
    names = ("precompute_ref_log_probs",)
    if settings.has(*names):
        value = Reference.CACHED if settings.flag(*names) else Reference.ONLINE
        yield outcome(settings, names, target="dpo.reference", value=value.value)


def _reference_model(settings: Settings) -> Iterator[Outcome]:
    name = settings.text("ref_model")
    if name is None:
        return
    location = model_location(name, "main")
    for kind, note in location.remarks:
        yield outcome(settings, ("ref_model",), kind=kind, target="dpo.referenceModel", note=note)
    target = "dpo.referenceModel.uri"
    yield outcome(settings, ("ref_model",), target=target, value=location.uri)


def _lambda(settings: Settings) -> Iterator[Outcome]:
    note = (
        "lambda of the paper; the likelihood term counts the answer's tokens only, where TRL's "
        "trainer counts the prompt's too"
    )
    weight = settings.number("beta")
    yield outcome(
        settings, ("beta",), kind=Kind.CHANGED, target="orpo.lambda", value=weight, note=note
    )


_SYNC = "the reference model stays as it is during training"
_DPO = Method.DPO

ROWS: tuple[Row, ...] = (
    Field("beta", "dpo.beta", values.number, method=_DPO),
    Rule(("beta",), _lambda, method=Method.ORPO),
    Rule(_LOSS, _loss_outcomes, method=_DPO),
    Rule(("label_smoothing",), _smoothing, method=_DPO),
    Rule(("precompute_ref_log_probs",), _reference, method=_DPO),
    Rule(("ref_model",), _reference_model, method=_DPO),
    Unmapped("ld_alpha", "LD-DPO is not offered; sigmoid_norm weighs by length", (1,), _DPO),
    Unmapped("f_divergence_type", "only reverse KL is offered", ("reverse_kl",), _DPO),
    Unmapped("use_weighting", "WPO's weights are not offered", (False,), _DPO),
    Unmapped("discopop_tau", "discopop runs with tau 0.05", (0.05,), _DPO),
    Unmapped("sync_ref_model", _SYNC, (False,), _DPO),
    Unmapped("reference_free", "method ORPO needs no reference model", (False,), _DPO),
    Unmapped("force_use_ref_model", "name it in dpo.referenceModel", (False,), _DPO),
    Unmapped("disable_dropout", "dropout of the model stays off", (True,)),
    Unmapped("router_aux_loss_coef", "experts are balanced as the model's config says"),
)
