from io import StringIO

from preference_api.v1alpha1.status import Progress, Stage
from preference_cli.view_plain import PlainView


def test_a_line_names_stage_and_figures() -> None:
    out = StringIO()
    view = PlainView(out=out)
    view.progress(Progress(stage=Stage.DOWNLOAD))
    view.progress(Progress(stage=Stage.TRAIN, step=1, steps=9, loss=0.5))
    view.progress(Progress(stage=Stage.TRAIN, step=2, steps=9, loss=0.4))
    assert out.getvalue() == "Download\nTrain  1/9  loss 0.500\n"
